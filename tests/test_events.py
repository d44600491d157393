"""What is kept of a call's parameters."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.events import PARAMS_MAX_BYTES, cut, loggable


@pytest.mark.parametrize("key", ["password", "apiKey", "api_key", "Authorization", "access_token", "client_secret"])
def test_secrets_are_masked_at_any_depth(key: str) -> None:
    kept = json.loads(loggable({"arguments": {"list": [{key: "hunter2", "city": "Köln"}]}}))
    assert kept == {"arguments": {"list": [{key: "***", "city": "Köln"}]}}


def test_long_parameters_are_cut_at_a_character() -> None:
    kept = loggable({"text": "é" * 2000})
    assert len(kept.encode()) in (PARAMS_MAX_BYTES - 1, PARAMS_MAX_BYTES)
    assert kept.startswith('{"text":"éé')


@given(st.text(), st.integers(0, 50))
def test_cut_text_is_a_beginning_that_fits(text: str, size: int) -> None:
    kept = cut(text, size)
    assert text.encode("utf-8", "replace").decode().startswith(kept)
    assert len(kept.encode()) <= size
