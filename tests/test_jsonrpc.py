"""JSON-RPC by itself, and the promise that nothing anybody sends breaks the gateway."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_gateway.jsonrpc import (
    MAX_DEPTH,
    JsonRpcError,
    Notification,
    Request,
    Response,
    decode,
    encode,
    encoded,
    http_status,
    id_of,
    read_message,
)

from .conftest import Gateway
from .gateway_asking import META, MODERN, REVISIONS, envelope, over_asgi

pytest_plugins = ["tests.gateway_wire"]


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

    assert decode(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    with pytest.raises(JsonRpcError, match="nested"):
        decode(opening * (MAX_DEPTH + 1) + b"1" + closing * (MAX_DEPTH + 1))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(decode(b"[" + b",".join([b'{"a":[]}'] * 1000) + b"]")) == 1000
    assert decode(b'"' + b"[" * 1000 + b'"') == "[" * 1000


@pytest.mark.parametrize("value", [{}, {"a": [1, None, True, 1.5, "é😀\u2028"]}, "text", 5])
def test_value_that_was_encoded_before_is_the_same_in_a_message(value: Any) -> None:
    assert encode({"id": 1, "result": encoded(value)}) == encode({"id": 1, "result": value})


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


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
    assert found is None or (found == value and type(found) in (int, str))


# The whole gateway, sent what no client would

METHODS = [
    "initialize", "ping", "server/discover", "tools/list", "tools/call", "prompts/list", "prompts/get",
    "resources/list", "resources/read", "skills/list", "skills/get", "notifications/initialized", "no/such",
]  # fmt: skip
NAMES = ["greeter", "nobody", "skill://greeter/SKILL.md", "skill://nobody/x", "", "\u0000", "x" * 1000, "é😀"]
KEYS = ["name", "uri", "arguments", "cursor", "protocolVersion", "clientInfo", "capabilities"]
ENVELOPES = st.just(envelope()) | st.dictionaries(
    st.sampled_from(["protocolVersion", "clientCapabilities", "clientInfo", "logLevel"]).map(f"{META}/{{}}".format),
    st.sampled_from([MODERN, "2025-11-25", {}, {"name": "\r\n\u001b[31m", "version": ["x"]}]) | JSON,
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={key: st.sampled_from(NAMES) | JSON for key in KEYS} | {"_meta": ENVELOPES | JSON},
)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.sampled_from(["2.0", "1.0"]), "method": st.sampled_from(METHODS) | JSON},
    optional={"id": st.integers() | st.text() | JSON, "params": PARAMS | JSON},
)
BODIES = (
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | (MESSAGES | st.lists(MESSAGES | JSON, max_size=5)).map(lambda value: json.dumps(value).encode())
)
HEADER_NAMES = [
    b"mcp-protocol-version", b"mcp-method", b"mcp-name", b"mcp-session-id", b"origin", b"host", b"accept",
    b"content-type", b"content-length", b"traceparent", b"x-request-id", b"last-event-id", b"\xff", b"",
]  # fmt: skip
HEADER_VALUES = [
    *[revision.encode() for revision in REVISIONS], *[method.encode() for method in METHODS], b"greeter",
    b"application/json", b"http://[", b"=?base64?\xff?=", b"=?base64?AAA?=", b"", b" ", b"-1", b"null",
]  # fmt: skip
HEADERS = st.lists(
    st.tuples(st.sampled_from(HEADER_NAMES), st.sampled_from(HEADER_VALUES) | st.binary(max_size=20)), max_size=5
)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails the test where anything went so wrong that it was logged."""
    yield
    loud = [
        record for when in ("setup", "call") for record in caplog.get_records(when) if record.levelno > logging.INFO
    ]
    assert not loud


@given(body=BODIES, headers=HEADERS, typed=st.booleans())
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_is_sent_breaks_the_gateway(
    wire: Gateway, quiet: None, body: bytes, headers: list[tuple[bytes, bytes]], typed: bool
) -> None:
    content_type = [(b"content-type", b"application/json")] if typed else []

    status, answer = await over_asgi([{"type": "http.request", "body": body}], [*content_type, *headers])

    assert status in (200, 202, 400, 403, 404, 406, 415)
    assert (answer == b"") is (status == 202)
    if answer:
        said = json.loads(answer)
        assert all(one["jsonrpc"] == "2.0" for one in (said if isinstance(said, list) else [said]))


@given(message=MESSAGES.filter(lambda message: "id" in message), modern=st.booleans())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_request_with_fitting_headers_breaks_the_gateway(
    wire: Gateway, quiet: None, message: dict[str, Any], modern: bool
) -> None:
    params = message.get("params")
    named = params.get("name", params.get("uri")) if isinstance(params, dict) else None
    headers = [
        (b"content-type", b"application/json"),
        (b"mcp-method", str(message["method"]).encode()),
        (b"mcp-name", str(named).encode()),
        *([(b"mcp-protocol-version", MODERN.encode())] if modern else []),
    ]

    status, answer = await over_asgi([{"type": "http.request", "body": json.dumps(message).encode()}], headers)

    assert status in (200, 400, 404)
    assert json.loads(answer)["jsonrpc"] == "2.0"
