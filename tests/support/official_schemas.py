"""Validation of the gateway's messages by the official JSON schema of their MCP revision.

The definitions of each method's result, each notification and each error are looked up in the schema
itself, so new messages of the gateway are covered. The Skills extension has no JSON
schema; the schemas of its results here follow its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft7Validator, Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "schemas"
REVISIONS = sorted(path.stem for path in SCHEMAS.glob("*.json"))
NEWEST = REVISIONS[-1]
SERVER_INFO = "io.modelcontextprotocol/serverInfo"
ENVELOPE = "io.modelcontextprotocol/protocolVersion"
ONLY_MODERN = {"resultType", "ttlMs", "cacheScope", "_meta"}
"""Fields that results of revisions with `initialize` must not have (`_meta` is allowed, but never used)."""
WITHOUT_HEADER = "2025-03-26"
"""Default revision of a request that names none (2025-11-25: basic/transports)."""
STATUSES = {200, 202, 400, 401, 403, 404, 405, 406, 413, 415, 429}
"""Statuses that the gateway may answer with during normal operation."""

_DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_FILE = {
    "type": "object",
    "required": ["uri", "digest", "size"],
    "additionalProperties": False,
    "properties": {
        "uri": {"type": "string", "pattern": "^skill://[!-~]+$"},
        "digest": _DIGEST,
        "size": {"type": "integer", "minimum": 0},
    },
}
_SKILL = {
    "type": "object",
    "required": ["uri", "frontmatter", "resources"],
    "additionalProperties": False,
    "properties": {
        "uri": {"type": "string", "pattern": "^skill://[a-z0-9-]+/SKILL\\.md$"},
        "frontmatter": {
            "type": "object",
            "required": ["name", "description"],
            "properties": {"name": {"type": "string"}, "description": {"type": "string"}},
        },
        "resources": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _FILE},
    },
}
_CHILD = {
    "type": "object",
    "required": ["uri", "name"],
    "properties": {
        "uri": {"type": "string", "pattern": "^skill://[!-~]+[^/]$"},
        "name": {"type": "string", "minLength": 1},
        "mimeType": {"type": "string"},
    },
}
_PAGE = {"nextCursor": {"type": "string"}}
_EXTENSION: dict[str, dict[str, Any]] = {
    "skills/list": {"required": ["skills"], "properties": {"skills": {"type": "array", "items": _SKILL}, **_PAGE}},
    "skills/get": {"required": ["skill"], "properties": {"skill": _SKILL, "nextCursor": False}},
    "resources/directory/read": {
        "required": ["resources"],
        "properties": {"resources": {"type": "array", "items": _CHILD}, **_PAGE},
    },
}
_EXTENSION_PARAMS: dict[str, dict[str, Any]] = {
    "skills/list": {"properties": {"cursor": {"type": "string"}}},
    "skills/get": {"required": ["uri"], "properties": {"uri": {"type": "string"}}},
    "resources/directory/read": {
        "required": ["uri"],
        "properties": {"uri": {"type": "string"}, "cursor": {"type": "string"}},
    },
}


def check_answer(answer: Mapping[str, Any], method: str, revision: str) -> None:
    """Fail unless an answer is valid by the revision's schema, without fields of the other era."""
    if "error" in answer:
        _check_error(answer, revision)
        return
    assert set(answer) == {"jsonrpc", "id", "result"}
    result = answer["result"]
    _validate(answer, revision, "JSONRPCResultResponse", "JSONRPCResponse")
    if method in _EXTENSION:
        Draft202012Validator({"type": "object", **_EXTENSION[method]}).validate(result)
        _validate(result, revision, "Result")
        if _is_modern(revision):
            # The extension requires it for skills methods; the official TypeScript client also for directories.
            _validate(result, revision, "CacheableResult")
    else:
        _validate(result, revision, _named(revision)[method].replace("Request", "Result"), "EmptyResult", "Result")
    if _is_modern(revision):
        assert result["resultType"] == "complete"
        assert result["_meta"][SERVER_INFO]["name"] == "skillkeeper"
    else:
        assert not ONLY_MODERN & set(result)


def check_notification(message: Mapping[str, Any], revision: str) -> None:
    """Fail unless a notification is valid by the revision's schema."""
    assert "id" not in message
    _validate(message, revision, _named(revision)[message["method"]])


REVISION_OF_BATCHES = "2025-03-26"
"""The only revision with batches."""


def check_exchange(
    sent: bytes, version_header: str | None, status: int, headers: Mapping[str, str], received: bytes
) -> None:
    """Fail unless MCP allows this HTTP response to this request body."""
    assert status in STATUSES
    if status == 202:
        assert received == b""
        return
    if headers["content-type"] == "text/event-stream":
        messages = [json.loads(data) for data in _events(received)]
    else:
        assert headers["content-type"] == "application/json"
        said = json.loads(received)
        messages = said if isinstance(said, list) else [said]
    asked = _requests(sent)
    for message in messages:
        if "method" in message:  # notifications precede the answer of a single request only
            check_notification(message, _revision(asked[0], version_header, message))
            continue
        if message.get("id") is None and sent.lstrip()[:1] == b"[":
            _check_error(message, REVISION_OF_BATCHES)  # of a batch entry that names no revision
            continue
        request = next((request for request in asked if _id(request) == _id(message)), {})
        check_answer(message, str(request.get("method")), _revision(request, version_header, message))
        asked = [other for other in asked if other is not request]


def _check_error(answer: Mapping[str, Any], revision: str) -> None:
    assert set(answer) - {"id"} == {"jsonrpc", "error"}
    # Older schemas have no error without a request id; JSON-RPC requires null then.
    unknown = revision < "2025-11-25" and answer.get("id") is None
    known = {**answer, "id": 0} if unknown else answer
    _validate(known, revision, "JSONRPCErrorResponse", "JSONRPCError")
    special = _errors(revision).get(answer["error"]["code"])
    if special is not None:
        _validate(known, revision, special)


def _validate(value: Any, revision: str, *names: str) -> None:
    """Validate a value by the first of these definitions that the revision has."""
    definitions = _definitions(revision)
    name = next(name for name in names if name in definitions)
    _validator(revision, name).validate(value)


@cache
def _validator(revision: str, name: str) -> Draft7Validator | Draft202012Validator:
    schema = _schema(revision)
    key = "$defs" if "$defs" in schema else "definitions"
    kind = Draft202012Validator if key == "$defs" else Draft7Validator
    return kind({"$ref": f"#/{key}/{name}", key: schema[key]})


@cache
def _schema(revision: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{revision}.json").read_text())
    return schema


def _is_modern(revision: str) -> bool:
    """Whether the revision has no handshake."""
    return "server/discover" in _named(revision)


def _definitions(revision: str) -> dict[str, Any]:
    schema = _schema(revision)
    definitions: dict[str, Any] = schema.get("$defs") or schema["definitions"]
    return definitions


@cache
def _named(revision: str) -> dict[str, str]:
    """Return the definition name of each method's request and each notification."""
    return {
        method: name
        for name, definition in sorted(_definitions(revision).items())
        if (method := definition.get("properties", {}).get("method", {}).get("const"))
    }


@cache
def _errors(revision: str) -> dict[int, str]:
    """Return the definition name of each error, by code."""
    found: dict[int, str] = {}
    for name, definition in _definitions(revision).items():
        for part in definition.get("properties", {}).get("error", {}).get("allOf", []):
            if "const" in (code := part.get("properties", {}).get("code", {})):
                found[code["const"]] = name
    return found


def _requests(sent: bytes) -> list[Mapping[str, Any]]:
    """Return the requests in the body, in order; [] if it is invalid."""
    try:
        value = orjson.loads(sent)
    except ValueError:
        return []
    messages = value if isinstance(value, list) else [value]
    return [message for message in messages if isinstance(message, dict) and "method" in message]


def _id(message: Mapping[str, Any]) -> tuple[type, Any]:
    """Return the id with its type, because 1 == True."""
    return type(message.get("id")), message.get("id")


def _revision(request: Mapping[str, Any], header: str | None, answer: Mapping[str, Any]) -> str:
    """Return the revision named by the body's `_meta`, else by the header (2026-07-28: basic/versioning)."""
    params = request.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    if isinstance(meta, dict) and ENVELOPE in meta:
        return NEWEST
    if header is not None and (header not in REVISIONS or _is_modern(header)):
        return NEWEST
    if request.get("method") == "initialize" and "result" in answer:
        return str(answer["result"]["protocolVersion"])
    return header or WITHOUT_HEADER


def _events(body: bytes) -> Iterator[bytes]:
    """Yield the data of each event; every event has one data line."""
    for event in body.removesuffix(b"\n\n").split(b"\n\n"):
        if event and not event.startswith(b":"):  # a stream may be empty
            kind, data = event.split(b"\n")
            assert kind == b"event: message"
            yield data.removeprefix(b"data: ")


def are_params_valid(request: Mapping[str, Any], revision: str) -> bool:
    """Return whether a request's params are valid by the revision's schema or the Skills extension."""
    method = request["method"]
    if method in _EXTENSION_PARAMS:
        valid = Draft202012Validator(_EXTENSION_PARAMS[method]).is_valid(request["params"])
        params, ping = request["params"], {**request, "method": "ping"}
        if _is_modern(revision):
            return valid and _validator(revision, "RequestParams").is_valid(params)
        return valid and _validator(revision, "PingRequest").is_valid(ping)
    # In older schemas, `_meta` is defined only for requests in general.
    names = [_named(revision)[method], "JSONRPCRequest"]
    return all(_validator(revision, name).is_valid(request) for name in names)
