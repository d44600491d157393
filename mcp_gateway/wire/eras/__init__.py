"""The two eras of MCP on one endpoint: which one a message belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import fitting, legacy, modern
from .era import LOG_LEVELS, Era

__all__ = ["LOG_LEVELS", "Era", "fitting", "legacy", "modern", "select"]


def select(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> Era:
    """Choose by the body's `_meta` first, by the version header second (2026-07-28: basic/versioning).

    A header that names no legacy version chooses the modern era too. That choice does not make a
    request valid: `modern.check` judges it.
    """
    header = headers.get(modern.VERSION_HEADER)
    if modern.has_envelope(params) or (header is not None and header not in legacy.VERSIONS):
        return modern.ERA
    if method == "initialize":
        return legacy.era(legacy.negotiate(params.get("protocolVersion")))
    return legacy.era(header or legacy.ASSUMED_VERSION)
