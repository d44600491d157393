"""The two eras of MCP on one endpoint, and how a request's era is selected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import fitting, legacy, modern
from .era import LOG_LEVELS, Era

__all__ = ["LOG_LEVELS", "Era", "fitting", "legacy", "modern", "select"]


def select(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> Era:
    """Select the era by `_meta` in the body, then by the version header (2026-07-28: basic/versioning).

    A header with an unknown version also selects the modern era; `modern.check_request` then rejects the request.
    """
    header = headers.get(modern.VERSION_HEADER)
    if modern.has_envelope(params) or (header is not None and header not in legacy.VERSIONS):
        return modern.ERA
    if method == "initialize":
        return legacy.era(legacy.negotiate(params.get("protocolVersion")))
    return legacy.era(header or legacy.ASSUMED_VERSION)
