"""A cache of callers with valid tokens, so that not every request queries the database."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .caller import Caller

FRESH_SECONDS = 3.0
"""How long an entry is used without another lookup, counted from the start of its lookup. With REFRESH_SECONDS, a
revocation or a lost permission takes effect everywhere within five seconds, even if no message about it arrived."""
REFRESH_SECONDS = 2.0
"""While one request refreshes an entry, the others use it for this long."""
OUTAGE_SECONDS = 900.0
"""How long a token counts as valid while it cannot be verified."""
CALLERS_MAX = 10_000


@dataclass(slots=True)
class _Entry:
    caller: Caller
    epoch: int
    """The epoch of `CallerCache` in which its lookup started."""
    fresh_until: float
    usable_until: float


class CallerCache:
    """Callers by their `Authorization` header; the oldest entry is evicted first.

    `invalidate` and `revoke` start a new epoch: older entries are then used only during an outage.
    Both may be called from any thread.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._epoch = 0
        self._revocations = 0

    def get_fresh(self, authorization: str) -> Caller | None:
        """Return the caller, unless the entry is missing, too old or invalidated.

        For an entry that is too old, only the first request gets None and looks it up again.
        """
        entry = self._entries.get(authorization)
        if entry is None or entry.epoch != self._epoch:
            return None
        now = time.monotonic()
        if now >= entry.fresh_until:
            entry.fresh_until = min(now + REFRESH_SECONDS, entry.usable_until)
            return None
        return entry.caller

    def get_during_outage(self, authorization: str) -> Caller | None:
        """Return the caller from the last successful lookup, if it is at most OUTAGE_SECONDS old."""
        entry = self._entries.get(authorization)
        return entry.caller if entry is not None and time.monotonic() < entry.usable_until else None

    def begin_lookup(self) -> Lookup:
        """Return a handle that stores the result of a lookup starting now."""
        return Lookup(self, self._entries, self._epoch, self._revocations)

    def postpone(self, authorization: str) -> None:
        """Use an entry for another REFRESH_SECONDS, because it cannot be verified now."""
        entry = self._entries.get(authorization)
        if entry is not None:
            entry.epoch = self._epoch
            entry.fresh_until = min(time.monotonic() + REFRESH_SECONDS, entry.usable_until)

    def invalidate(self) -> None:
        """Require a new lookup for every caller. Results of lookups already running don't count."""
        self._epoch += 1

    def revoke(self, key: str) -> None:
        """Remove the callers with this `Caller.key`, even for outages, and invalidate all others."""
        self._epoch += 1
        self._revocations += 1
        for authorization, entry in list(self._entries.items()):
            if entry.caller.key == key:
                self._entries.pop(authorization, None)

    def clear(self) -> None:
        """Empty the cache."""
        self._epoch += 1
        self._revocations += 1
        self._entries = {}


class Lookup:
    """Stores the result of one lookup.

    If a new epoch has started since the lookup began, the result is used only during an outage. If a
    caller was revoked since, it is dropped.
    """

    def __init__(self, cache: CallerCache, entries: dict[str, _Entry], epoch: int, revocations: int) -> None:
        self._cache = cache
        self._entries = entries
        self._started_at = time.monotonic()
        self._epoch = epoch
        self._revocations = revocations

    def store(self, authorization: str, caller: Caller) -> None:
        """Cache a verified caller, at most until the token expires."""
        if self._cache._revocations != self._revocations:
            return
        self._entries.pop(authorization, None)
        if len(self._entries) >= CALLERS_MAX:
            del self._entries[next(iter(self._entries))]
        left = caller.expires_at - time.time()
        fresh_until, usable_until = (
            self._started_at + min(seconds, left) for seconds in (FRESH_SECONDS, OUTAGE_SECONDS)
        )
        self._entries[authorization] = _Entry(caller, self._epoch, fresh_until, usable_until)

    def discard(self, authorization: str) -> None:
        """Drop a rejected token."""
        self._entries.pop(authorization, None)
