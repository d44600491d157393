"""Paginated lists. A cursor names the last entry seen, so it stays valid in a new generation."""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from .jsonrpc import INVALID_PARAMS, JsonRpcError, pre_encode


@dataclass(frozen=True, slots=True)
class Listing:
    """All entries of a list method, encoded, with their keys in ascending order."""

    name: str
    keys: Sequence[str]
    entries: Sequence[Any]
    part: str = ""
    """Tells lists with the same name apart; a cursor is valid for one of them only."""
    _pages: dict[tuple[int, int], Any] = field(default_factory=dict, compare=False)
    """Encoded pages by start and end, for pages that start at a multiple of the page size."""

    @classmethod
    def of(cls, name: str, entries: Iterable[tuple[str, dict[str, Any]]], part: str = "") -> Listing:
        """Create a list called `name` in results, from (key, entry) pairs in any order."""
        pairs = sorted(entries, key=itemgetter(0))
        return cls(name, [key for key, _ in pairs], [pre_encode(entry) for _, entry in pairs], part)

    def page(self, params: dict[str, Any], *, size: int) -> dict[str, Any]:
        """Return the page after `cursor`, as `{name: [...], "nextCursor"?: ...}`.

        Raises JsonRpcError for a cursor of another list, or a malformed one.
        """
        cursor = params.get("cursor")
        start = bisect_right(self.keys, self._key_of(cursor)) if cursor not in (None, "") else 0
        end = start + size
        result: dict[str, Any] = {self.name: self._page(start, end) if start % size == 0 else self.entries[start:end]}
        if end < len(self.entries):
            cursor = "\n".join((self.name, self.part, self.keys[end - 1]))
            result["nextCursor"] = base64.urlsafe_b64encode(cursor.encode()).decode()
        return result

    def _page(self, start: int, end: int) -> Any:
        if (start, end) not in self._pages:
            self._pages[start, end] = pre_encode(self.entries[start:end])
        return self._pages[start, end]

    def _key_of(self, cursor: Any) -> str:
        try:
            name, part, key = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split("\n")
        except (TypeError, ValueError):
            name, part, key = "", "", ""
        if (name, part) != (self.name, self.part):
            raise JsonRpcError(INVALID_PARAMS, "Invalid params: this cursor does not belong to this list")
        return key
