"""Revision 2026-07-28: each request has an envelope in `_meta`, repeated in headers. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_gateway.wire.jsonrpc import HEADER_MISMATCH, INVALID_PARAMS, UNSUPPORTED_PROTOCOL_VERSION, JsonRpcError

from .era import LOG_LEVELS, Era

VERSION = "2026-07-28"
SUPPORTED_VERSIONS = (VERSION,)
ERA = Era(VERSION, modern=True)

VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "mcp-protocol-version", "mcp-method", "mcp-name"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"

NAME_PARAMETER = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The parameter that the `Mcp-Name` header repeats."""
CACHEABLE = {
    "server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read",
    "skills/list", "skills/get", "resources/directory/read",
}  # fmt: skip
_BASE64_VALUE = re.compile(r"=\?base64\?(.*)\?=")


@dataclass(frozen=True, slots=True)
class Caching:
    """How long results may be cached, and by whom (2026-07-28: utilities/caching)."""

    ttl_ms: int
    scope: str


def has_envelope(params: Mapping[str, Any]) -> bool:
    """Return whether a request has a modern envelope."""
    meta = params.get("_meta")
    return isinstance(meta, dict) and VERSION_KEY in meta


def check_request(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Check the envelope, then the headers against it, then the version. Raises JsonRpcError at the first failure.

    Sources: 2026-07-28 basic/index (`_meta`), basic/transports/streamable-http (headers).
    """
    version = _check_envelope(params.get("_meta"))
    _require_equal(VERSION_HEADER, headers.get(VERSION_HEADER), version)
    _require_equal(METHOD_HEADER, headers.get(METHOD_HEADER), method)
    named = params.get(NAME_PARAMETER.get(method, ""))
    if isinstance(named, str):
        _require_equal(NAME_HEADER, decode_header(headers.get(NAME_HEADER)), named)
    check_version(version)


def check_version(version: str) -> None:
    """Raise JsonRpcError for an unsupported version. The error omits legacy versions, which have no envelope."""
    if version not in SUPPORTED_VERSIONS:
        data = {"supported": list(SUPPORTED_VERSIONS), "requested": version}
        raise JsonRpcError(UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version", data)


def decode_header(value: str | None) -> str | None:
    """Decode a header value in `=?base64?...?=` form; other values stay as they are. None if malformed."""
    if value is None or not _is_plain(value):
        return None
    match = _BASE64_VALUE.fullmatch(value)
    if match is None:
        return value
    try:
        return base64.b64decode(match[1], validate=True).decode()
    except ValueError:
        return None


def complete_result(result: dict[str, Any], server: dict[str, str], caching: Caching | None) -> dict[str, Any]:
    """Add this revision's fields to a result. `caching` is for CACHEABLE methods."""
    meta = {SERVER_KEY: server, **result.get("_meta", {})}
    if caching is None:
        return {"resultType": "complete", **result, "_meta": meta}
    return {"resultType": "complete", "ttlMs": caching.ttl_ms, "cacheScope": caching.scope, **result, "_meta": meta}


def _is_plain(value: str) -> bool:
    """Return whether a value has only visible ASCII, spaces and tabs, as headers allow."""
    return value.isascii() and value.replace("\t", " ").isprintable()


def _check_envelope(meta: Any) -> str:
    """Check an envelope and return its version. Raises JsonRpcError."""
    if not isinstance(meta, dict):
        raise JsonRpcError(INVALID_PARAMS, f"params._meta must have {VERSION_KEY} and {CAPABILITIES_KEY}")
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in meta]
    if missing:
        raise JsonRpcError(INVALID_PARAMS, f"params._meta lacks {', '.join(missing)}")
    version: Any = meta[VERSION_KEY]
    if not isinstance(version, str):
        raise JsonRpcError(INVALID_PARAMS, f"{VERSION_KEY} must be a string")
    if not isinstance(meta[CAPABILITIES_KEY], dict):
        raise JsonRpcError(INVALID_PARAMS, f"{CAPABILITIES_KEY} must be an object")
    if meta.get(LOG_LEVEL_KEY, "debug") not in LOG_LEVELS:
        raise JsonRpcError(INVALID_PARAMS, f"{LOG_LEVEL_KEY} must be one of {', '.join(LOG_LEVELS)}")
    return version


def _require_equal(header: str, value: str | None, expected: str) -> None:
    if value is None:
        raise JsonRpcError(HEADER_MISMATCH, f"The {header} header is missing or malformed")
    if value != expected:
        raise JsonRpcError(HEADER_MISMATCH, f"The {header} header does not match the request's body")
