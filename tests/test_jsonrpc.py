"""JSON-RPC by itself: what a value is, what an error is, how deep a message may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gateway.wire.jsonrpc import (
    JsonRpcError,
    Notification,
    Request,
    Response,
    decode,
    encode,
    http_status,
    id_of,
    pre_encode,
    read_message,
)
from skills_registry.bounded.json_text import DEPTH_MAX

from .support.fuzz import JSON


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, Request(1, "ping", {})),
        ({"jsonrpc": "2.0", "id": "a", "method": "x", "params": {"b": 1}}, Request("a", "x", {"b": 1})),
        ({"jsonrpc": "2.0", "id": 0, "method": "x", "params": None}, Request(0, "x", {})),
        ({"jsonrpc": "2.0", "id": 1, "method": "x", "result": {}}, Request(1, "x", {})),
        ({"jsonrpc": "2.0", "method": "x", "params": {"b": 1}}, Notification("x", {"b": 1})),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, Response()),
        ({"jsonrpc": "2.0", "id": None, "error": {}}, Response()),
    ],
)
def test_value_is_read_as_the_message_it_is(value: Any, message: Any) -> None:
    assert read_message(value) == message


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_message_may_be_nested_so_deep_and_no_deeper(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"

    assert decode(opening * DEPTH_MAX + b"1" + closing * DEPTH_MAX)
    with pytest.raises(JsonRpcError, match="nested"):
        decode(opening * (DEPTH_MAX + 1) + b"1" + closing * (DEPTH_MAX + 1))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(decode(b"[" + b",".join([b'{"a":[]}'] * 1000) + b"]")) == 1000
    assert decode(b'"' + b"[" * 1000 + b'"') == "[" * 1000


@pytest.mark.parametrize("value", [{}, {"a": [1, None, True, 1.5, "é😀\u2028"]}, "text", 5])
def test_value_that_was_encoded_before_is_the_same_in_a_message(value: Any) -> None:
    assert encode({"id": 1, "result": pre_encode(value)}) == encode({"id": 1, "result": value})


@pytest.mark.parametrize(
    ("code", "before", "modern"),
    [
        (-32700, 400, 400),
        (-32600, 400, 400),
        (-32601, 200, 404),
        (-32602, 200, 400),
        (-32603, 200, 500),
        (-32002, 200, 400),
        (-32020, 400, 400),
        (-32022, 400, 400),
    ],
)
def test_code_decides_the_http_status(code: int, before: int, modern: int) -> None:
    assert (http_status(code, modern=False), http_status(code, modern=True)) == (before, modern)


def code_of(function: Callable[[Any], Any], value: Any) -> int | None:
    """The code of the error that a function raises; None where it raises none."""
    try:
        function(value)
    except JsonRpcError as error:
        return error.code
    return None


@given(JSON | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "result"]), JSON | st.just("2.0")))
def test_any_json_is_a_message_or_is_refused(value: Any) -> None:
    assert code_of(read_message, value) in (None, -32600, -32602)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_json_or_a_parse_error(body: bytes) -> None:
    assert code_of(decode, body) in (None, -32700)


@given(JSON)
def test_id_that_is_found_is_one(value: Any) -> None:
    found = id_of({"id": value})
    assert found is None or (found == value and type(found) in (int, str, float))
