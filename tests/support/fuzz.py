"""Hypothesis strategies for the gateway: JSON values, and nearly valid messages of every revision."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from .gateway_asking import BOTH, LEGACY, METHOD, MODERN, NAME, SESSION, VERSION, base64_value, envelope, modern_headers

Headers = list[tuple[bytes, bytes]]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=8,
)
SKILL_MD = "skill://greeter/SKILL.md"
METHODS: dict[str, dict[str, Any]] = {
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "n", "version": "1"}},
    "ping": {},
    "server/discover": {},
    "tools/list": {"cursor": ""},
    "tools/call": {"name": "greeter", "arguments": {"arguments": "x"}},
    "prompts/list": {"cursor": ""},
    "prompts/get": {"name": "greeter", "arguments": {"arguments": "x"}},
    "resources/list": {"cursor": ""},
    "resources/templates/list": {"cursor": ""},
    "resources/read": {"uri": SKILL_MD},
    "resources/directory/read": {"uri": "skill://greeter", "cursor": ""},
    "resources/subscribe": {"uri": SKILL_MD},
    "resources/unsubscribe": {"uri": SKILL_MD},
    "skills/list": {"cursor": ""},
    "skills/get": {"uri": SKILL_MD},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": "greeter"},
        "argument": {"name": "arguments", "value": "x"},
        "context": {"arguments": {"a": "b"}},
    },
    "logging/setLevel": {"level": "info"},
    "subscriptions/listen": {"notifications": {"toolsListChanged": True, "resourceSubscriptions": [SKILL_MD]}},
    "notifications/initialized": {},
    "notifications/cancelled": {"requestId": 1},
    "no/such": {},
}
"""Every method of any revision, with valid params."""
VALUES: list[Any] = [
    *METHODS, *LEGACY, MODERN, "greeter", "nobody", SKILL_MD, "skill://greeter", "skill://greeter/", "skill://", "",
    "\u0000", "x" * 2000, "é😀", "\ud800", "../../etc/passwd", "skill://greeter/%2e%2e/x", "=?base64?!?=",
    "Z3JlZXRlcg==", "skills:Z3JlZXRlcg==", 0, -1, 2**63, 1e308, None, True, [], {}, [[]], {"name": "greeter"},
]  # fmt: skip
ANYTHING = st.sampled_from(VALUES) | JSON


def encode(value: Any) -> bytes:
    """Encode a value as a body, even if it is not strictly JSON (lone surrogates)."""
    return json.dumps(value).encode()


@st.composite
def messages(draw: st.DrawFn, revision: str) -> dict[str, Any]:
    """A valid request of a revision."""
    method = draw(st.sampled_from(sorted(METHODS)))
    params = dict(METHODS[method])
    if revision == MODERN:
        params["_meta"] = envelope(logLevel=draw(st.sampled_from([None, "debug"])))
    elif draw(st.booleans()):
        params["_meta"] = {"progressToken": draw(st.integers() | st.text())}
    message_id = draw(st.integers(-(2**53), 2**53) | st.text(max_size=20))
    return {"jsonrpc": "2.0", "id": message_id, "method": method, "params": params}


@st.composite
def broken(draw: st.DrawFn, value: Any, *, times: int = 3) -> Any:
    """A JSON value with parts replaced, removed or added."""
    for _ in range(draw(st.integers(0, times))):
        value = _break(draw, value)
    return value


@st.composite
def headers_of(draw: st.DrawFn, message: Any, revision: str, *, changes: int = 2) -> Headers:
    """The headers that a message needs in a revision, with up to `changes` errors."""
    found = [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")]
    if revision == MODERN:
        found += _encoded(_modern_headers(message))
    elif draw(st.booleans()):
        found.append((VERSION.encode(), revision.encode()))
    for _ in range(draw(st.integers(0, changes))):
        found = draw(st.sampled_from(_CHANGES))(draw, found)
    return found


def _modern_headers(message: Any) -> dict[str, str]:
    """Like `modern_headers`, for a message of any shape; text that headers cannot carry becomes base64."""
    if not isinstance(message, dict):
        return {VERSION: MODERN}
    method, params = message.get("method"), message.get("params")
    found = modern_headers(str(method), params if isinstance(params, dict) else {})
    return {name: value if value.isascii() and value.isprintable() else _base64(value) for name, value in found.items()}


def _base64(value: str) -> str:
    return base64_value(value.encode("utf-8", "replace").decode())


def _encoded(headers: dict[str, str]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _break(draw: st.DrawFn, value: Any) -> Any:
    """Make one change at any depth."""
    inside = isinstance(value, dict | list) and value and draw(st.booleans())
    if not inside:
        return draw(ANYTHING)
    if isinstance(value, list):
        position = draw(st.integers(0, len(value) - 1))
        return [_break(draw, item) if at == position else item for at, item in enumerate(value)]
    key = draw(st.sampled_from(sorted(value)))
    changed = {name: item for name, item in value.items() if name != key}
    match draw(st.sampled_from(["deeper", "deeper", "leave out", "rename", "add"])):
        case "deeper":
            return {**changed, key: _break(draw, value[key])}
        case "rename":
            return {**changed, draw(st.sampled_from([key.upper(), f" {key}", "_meta", "uri", "name"])): value[key]}
        case "add":
            return {**value, draw(st.sampled_from(["cursor", "_meta", "arguments", "id", "result"])): draw(ANYTHING)}
    return changed


# Changes of headers


def _leave_out(draw: st.DrawFn, headers: Headers) -> Headers:
    return [pair for pair in headers if pair != draw(st.sampled_from(headers))] if headers else []


def _double(draw: st.DrawFn, headers: Headers) -> Headers:
    return [*headers, draw(st.sampled_from(headers))] if headers else []


def _respell(draw: st.DrawFn, headers: Headers) -> Headers:
    """Change the case of names, pad values, or use base64: HTTP and MCP treat all of these as equal."""
    around = st.sampled_from([b"", b" ", b"\t", b" \t "])
    return [
        (name.upper() if draw(st.booleans()) else name, draw(around) + value + draw(around)) for name, value in headers
    ]


def _change(draw: st.DrawFn, headers: Headers) -> Headers:
    name = draw(st.sampled_from(_NAMES))
    return [*(pair for pair in headers if pair[0] != name), (name, draw(_VALUES))]


_NAMES = [
    *[name.encode() for name in (VERSION, METHOD, NAME, SESSION)], b"mcp-param-region", b"origin", b"host", b"accept",
    b"content-type", b"content-length", b"content-encoding", b"authorization", b"traceparent", b"x-request-id",
    b"last-event-id", b"transfer-encoding", b"\xff", b"",
]  # fmt: skip
_VALUES = st.sampled_from(
    [
        *[text.encode() for text in (*BOTH, *METHODS, "greeter", "null", "-1", "http://[", "http://localhost", "*/*")],
        b"text/event-stream", b"application/json", b"=?base64?\xff?=", b"=?base64?AAA?=", b"=?base64?Z3JlZXRlcg==?=",
        b"", b" ", b"\x00", b"Bearer ", b"Bearer \xff", b"2026-07-28, 2026-07-28", b"x" * 9000, b"\xe9",
    ]
) | st.binary(max_size=20)  # fmt: skip
_CHANGES: list[Callable[[st.DrawFn, Headers], Headers]] = [_leave_out, _double, _respell, _change]
