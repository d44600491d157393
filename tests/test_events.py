"""What is kept of a call's parameters."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.events import PARAMS_MAX_BYTES, encode_params


@pytest.mark.parametrize("key", ["password", "apiKey", "api_key", "Authorization", "access_token", "client_secret"])
def test_secrets_are_masked_at_any_depth(key: str) -> None:
    kept = json.loads(encode_params({"arguments": {"list": [{key: "hunter2", "city": "Köln"}]}}))
    assert kept == {"arguments": {"list": [{key: "***", "city": "Köln"}]}}


def test_long_parameters_are_cut_at_a_character() -> None:
    kept = encode_params({"text": "é" * 2000})
    assert len(kept.encode()) in (PARAMS_MAX_BYTES - 1, PARAMS_MAX_BYTES)
    assert kept.startswith('{"text":"éé')


@given(st.text(min_size=100))
def test_cut_parameters_are_a_beginning_that_fits(text: str) -> None:
    kept = encode_params([text] * 20)
    assert orjson.dumps([text] * 20).decode().startswith(kept)
    assert PARAMS_MAX_BYTES - 4 < len(kept.encode()) <= PARAMS_MAX_BYTES
