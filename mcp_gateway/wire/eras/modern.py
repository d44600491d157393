"""Revision 2026-07-28: every request carries its own envelope, and headers that repeat it. Pure."""

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
"""The parameter that the header `Mcp-Name` repeats."""
CACHEABLE = {
    "server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read",
    "skills/list", "skills/get", "resources/directory/read",
}  # fmt: skip
_BASE64_VALUE = re.compile(r"=\?base64\?(.*)\?=")


@dataclass(frozen=True, slots=True)
class Caching:
    """How long and by whom results may be kept (2026-07-28: utilities/caching)."""

    ttl_ms: int
    scope: str


def has_envelope(params: Mapping[str, Any]) -> bool:
    """Whether a request says of itself that it is a modern one."""
    meta = params.get("_meta")
    return isinstance(meta, dict) and VERSION_KEY in meta


def check(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Envelope present -> headers agree with it -> version served. Raises JsonRpcError at the first that fails.

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
    """Raises JsonRpcError for any version but those served; legacy ones are not named, since they have no envelope."""
    if version not in SUPPORTED_VERSIONS:
        data = {"supported": list(SUPPORTED_VERSIONS), "requested": version}
        raise JsonRpcError(UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version", data)


def decode_header(value: str | None) -> str | None:
    """A header's value with the `=?base64?...?=` form undone; None where that form, or a character, is malformed."""
    if value is None or not _is_plain(value):
        return None
    match = _BASE64_VALUE.fullmatch(value)
    if match is None:
        return value
    try:
        return base64.b64decode(match[1], validate=True).decode()
    except ValueError:
        return None


def complete(result: dict[str, Any], server: dict[str, str], caching: Caching | None) -> dict[str, Any]:
    """A result with what this revision adds to it; `caching` for the methods that are CACHEABLE."""
    meta = {SERVER_KEY: server, **result.get("_meta", {})}
    if caching is None:
        return {"resultType": "complete", **result, "_meta": meta}
    return {"resultType": "complete", "ttlMs": caching.ttl_ms, "cacheScope": caching.scope, **result, "_meta": meta}


def _is_plain(value: str) -> bool:
    """Whether it is made of what the value of a header may be: visible ASCII, spaces and tabs."""
    return value.isascii() and value.replace("\t", " ").isprintable()


def _check_envelope(meta: Any) -> str:
    """The version that an envelope names, if everything in it is as it must be. Raises JsonRpcError."""
    if not isinstance(meta, dict):
        raise JsonRpcError(INVALID_PARAMS, f"params._meta must carry {VERSION_KEY} and {CAPABILITIES_KEY}")
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
