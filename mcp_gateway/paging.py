"""Pages of lists, by opaque cursors that survive a new generation: a cursor names the last entry seen."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from .jsonrpc import INVALID_PARAMS, JsonRpcError


def page_of(
    keys: Sequence[str], entries: Sequence[dict[str, Any]], params: dict[str, Any], *, name: str, size: int
) -> dict[str, Any]:
    """The page of `entries` that a cursor asks for, as `{name: [...], "nextCursor"?: ...}`.

    `keys` are the entries' keys in ascending order. Raises JsonRpcError for a cursor of somebody else.
    """
    start = bisect_right(keys, _key_of(params["cursor"])) if params.get("cursor") is not None else 0
    result: dict[str, Any] = {name: list(entries[start : start + size])}
    if start + size < len(entries):
        result["nextCursor"] = base64.urlsafe_b64encode(keys[start + size - 1].encode()).decode()
    return result


def _key_of(cursor: Any) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (TypeError, ValueError, binascii.Error):
        raise JsonRpcError(INVALID_PARAMS, "Invalid params: this cursor is not one of this server's") from None
