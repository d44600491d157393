"""JSON-RPC 2.0: messages, error codes, and their HTTP statuses. Pure; knows no MCP method."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import orjson

from skills_registry.bounded.json_text import InvalidJson, read_json

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002
"""Only before 2026-07-28, which uses INVALID_PARAMS instead."""
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_PROTOCOL_VERSION = -32022
TOO_MANY_REQUESTS = 429
"""Specific to this server; outside the ranges reserved by JSON-RPC and MCP."""

_STATUS: dict[int, tuple[int, int]] = {
    PARSE_ERROR: (400, 400),
    INVALID_REQUEST: (400, 400),
    METHOD_NOT_FOUND: (404, 200),
    INVALID_PARAMS: (400, 200),
    INTERNAL_ERROR: (500, 200),
    RESOURCE_NOT_FOUND: (400, 200),
    HEADER_MISMATCH: (400, 400),
    MISSING_CLIENT_CAPABILITY: (400, 200),
    UNSUPPORTED_PROTOCOL_VERSION: (400, 400),
    TOO_MANY_REQUESTS: (429, 429),
}

Id = str | int | float
EXACT_MAX = 2**53
"""The largest integer up to which floats are exact."""


class JsonRpcError(Exception):
    """A failure sent to the client as a JSON-RPC error object."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


# A NamedTuple, because creating a frozen dataclass for every request takes three times as long.
class Request(NamedTuple):
    """A message that expects a response."""

    id: Id
    method: str
    params: dict[str, Any]


class Notification(NamedTuple):
    """A message that expects no response."""

    method: str
    params: dict[str, Any]


class Response(NamedTuple):
    """A client's response to a request from the server."""


Message = Request | Notification | Response


def http_status(code: int, *, modern: bool) -> int:
    """Return the HTTP status for an error code (2026-07-28: transports; before that, 200 for errors of methods)."""
    return _STATUS.get(code, _STATUS[INVALID_PARAMS])[0 if modern else 1]


def decode(body: bytes) -> Any:
    """Parse a body as JSON. Raises JsonRpcError."""
    try:
        return read_json(body)
    except InvalidJson as error:
        raise JsonRpcError(PARSE_ERROR, f"Parse error: {error}") from None


def read_message(value: Any) -> Message:
    """Parse a JSON value as a message. Raises JsonRpcError."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise JsonRpcError(INVALID_REQUEST, 'Invalid request: expected a JSON-RPC object with "jsonrpc": "2.0"')
    if "method" not in value:
        if _is_response(value):
            return Response()
        raise JsonRpcError(INVALID_REQUEST, 'Invalid request: "method" is missing')
    method, params = value["method"], value.get("params")
    if params is None:  # some clients send null instead of omitting it
        params = {}
    if not isinstance(method, str):
        raise JsonRpcError(INVALID_REQUEST, 'Invalid request: "method" must be a string')
    if "id" in value and not is_id(value["id"]):
        raise JsonRpcError(INVALID_REQUEST, 'Invalid request: "id" must be a string or an integer')
    if not isinstance(params, dict):
        raise JsonRpcError(INVALID_PARAMS, 'Invalid params: "params" must be an object')
    if "id" not in value:
        return Notification(method, params)
    return Request(value["id"], method, params)


def _is_response(value: dict[str, Any]) -> bool:
    return "result" in value or "error" in value


def is_notification(value: Any) -> bool:
    """Return whether a value is a notification, even an invalid one: it must not be answered (JSON-RPC)."""
    return (
        isinstance(value, dict)
        and value.get("jsonrpc") == "2.0"
        and isinstance(value.get("method"), str)
        and "id" not in value
    )


def is_id(value: Any) -> bool:
    """Return whether a value is a valid request id: a string or an integer, never null (MCP).

    Accepts integral floats such as 1.0 up to EXACT_MAX; above, they may have lost digits.
    """
    if isinstance(value, float):
        return value.is_integer() and abs(value) <= EXACT_MAX
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def id_of(value: Any) -> Id | None:
    """Return the request id for an error about this value; None if it has no id of its own, as in a response."""
    if isinstance(value, dict) and ("method" in value or not _is_response(value)) and is_id(value.get("id")):
        found: Id = value["id"]
        return found
    return None


def result_message(message_id: Id, result: dict[str, Any]) -> dict[str, Any]:
    """Return the response to a successful request."""
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def error_message(message_id: Id | None, error: JsonRpcError, *, null_id: bool = False) -> dict[str, Any]:
    """Return the response to a failed request.

    Without a request id, the message has no `id`, or with `null_id` a null one, as older revisions require.
    """
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    id_field = {} if message_id is None and not null_id else {"id": message_id}
    return {"jsonrpc": "2.0", **id_field, "error": body}


def notification_message(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return a notification message."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def encode(message: Any) -> bytes:
    """Encode a message or batch."""
    return orjson.dumps(message)


def pre_encode(value: Any) -> Any:
    """Encode a JSON value once, for use in many messages."""
    return orjson.Fragment(orjson.dumps(value))


def pre_encode_exactly(value: Any) -> Any:
    """Encode a JSON value with integers of any size; orjson supports only 64 bits."""
    return orjson.Fragment(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
