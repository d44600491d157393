"""JSON-RPC 2.0: messages, error codes, and the one table from code to HTTP status. Pure; knows no MCP method."""

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
"""Revisions before 2026-07-28; since then -32602."""
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_PROTOCOL_VERSION = -32022
TOO_MANY_REQUESTS = 429
"""Our own; codes of applications lie outside of what JSON-RPC and MCP reserve."""

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
"""Up to here every integer is a float of its own."""


class JsonRpcError(Exception):
    """A failure that goes to the caller as a JSON-RPC error object."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


# Made for every request, like others in this package; a frozen dataclass costs three times as much to make.
class Request(NamedTuple):
    """A message that wants an answer."""

    id: Id
    method: str
    params: dict[str, Any]


class Notification(NamedTuple):
    """A message that wants none."""

    method: str
    params: dict[str, Any]


class Response(NamedTuple):
    """An answer from the client to a request of the server."""


Message = Request | Notification | Response


def http_status(code: int, *, modern: bool) -> int:
    """The HTTP status for an error code (2026-07-28: transports; before: errors of methods travel as 200)."""
    return _STATUS.get(code, _STATUS[INVALID_PARAMS])[0 if modern else 1]


def decode(body: bytes) -> Any:
    """The JSON value of a body. Raises JsonRpcError."""
    try:
        return read_json(body)
    except InvalidJson as error:
        raise JsonRpcError(PARSE_ERROR, f"Parse error: {error}") from None


def read_message(value: Any) -> Message:
    """Tell what kind of message a JSON value is. Raises JsonRpcError."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise JsonRpcError(INVALID_REQUEST, 'Invalid request: expected a JSON-RPC object with "jsonrpc": "2.0"')
    if "method" not in value:
        if _is_response(value):
            return Response()
        raise JsonRpcError(INVALID_REQUEST, 'Invalid request: "method" is missing')
    method, params = value["method"], value.get("params")
    if params is None:  # some clients write the absent as null
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
    """Whether a value is meant as a notification, which is not answered even where its params are wrong (JSON-RPC)."""
    return (
        isinstance(value, dict)
        and value.get("jsonrpc") == "2.0"
        and isinstance(value.get("method"), str)
        and "id" not in value
    )


def is_id(value: Any) -> bool:
    """Whether a value may be a request's id: a string or an integer, and never null (MCP).

    1.0 is an integer, too; a larger float stands for an integer that cannot be told exactly any more.
    """
    if isinstance(value, float):
        return value.is_integer() and abs(value) <= EXACT_MAX
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def id_of(value: Any) -> Id | None:
    """The id that an error about this value should carry, None where there is none: a response has that of another."""
    if isinstance(value, dict) and ("method" in value or not _is_response(value)) and is_id(value.get("id")):
        found: Id = value["id"]
        return found
    return None


def result_message(message_id: Id, result: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request that succeeded."""
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def error_message(message_id: Id | None, error: JsonRpcError, *, null_id: bool = False) -> dict[str, Any]:
    """The answer to a request that failed.

    Where the request's id is not known, the message has no `id`, or a null one for revisions that must have one.
    """
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    known = {} if message_id is None and not null_id else {"id": message_id}
    return {"jsonrpc": "2.0", **known, "error": body}


def notification_message(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A message that wants no answer."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def encode(message: Any) -> bytes:
    """A message or a batch as bytes."""
    return orjson.dumps(message)


def encoded(value: Any) -> Any:
    """A JSON value that is encoded once, to be part of many messages."""
    return orjson.Fragment(orjson.dumps(value))


def encoded_exactly(value: Any) -> Any:
    """The same for a value with integers of any size, of which orjson knows those of 64 bits."""
    return orjson.Fragment(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
