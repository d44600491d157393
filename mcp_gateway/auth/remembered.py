"""Callers whose token was valid a moment ago, so that not every call asks the database."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .caller import Caller

FRESH_SECONDS = 3.0
"""How long an answer is used without asking again, counted from the question. With ASKING_SECONDS, it is five
seconds at most until a revocation or the loss of a right holds everywhere, also where no message of it arrived."""
ASKING_SECONDS = 2.0
"""While one request asks again, the others go on with what is known."""
OUTAGE_SECONDS = 900.0
"""How long a token is taken for valid while nobody can be asked."""
CALLERS_MAX = 10_000


@dataclass(slots=True)
class _Entry:
    caller: Caller
    fresh_until: float
    usable_until: float


class Remembered:
    """Callers by their `Authorization` header; oldest out first. `forget` may be called from any thread."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def fresh(self, authorization: str) -> Caller | None:
        """Who this is, if that was asked a moment ago or is just being asked."""
        entry = self._entries.get(authorization)
        if entry is None:
            return None
        now = time.monotonic()
        if now >= entry.fresh_until:
            entry.fresh_until = min(now + ASKING_SECONDS, entry.usable_until)
            return None
        return entry.caller

    def in_outage(self, authorization: str) -> Caller | None:
        """Who this was when it could be asked the last time, unless that is long ago."""
        entry = self._entries.get(authorization)
        return entry.caller if entry is not None and time.monotonic() < entry.usable_until else None

    def page(self) -> Page:
        """What the answer to a question that is asked now is to be noted on."""
        return Page(self._entries)

    def forget(self) -> None:
        """Ask about every caller again; what was asked before and is answered later does not count."""
        self._entries = {}


class Page:
    """Notes what was learnt, without effect where everything was forgotten since the page was taken."""

    def __init__(self, entries: dict[str, _Entry]) -> None:
        self._entries = entries
        self._asked_at = time.monotonic()

    def note(self, authorization: str, caller: Caller) -> None:
        """This is who it is, as long as the token lasts."""
        self._entries.pop(authorization, None)
        if len(self._entries) >= CALLERS_MAX:
            del self._entries[next(iter(self._entries))]
        left = caller.expires_at - time.time()
        fresh_until, usable_until = (self._asked_at + min(seconds, left) for seconds in (FRESH_SECONDS, OUTAGE_SECONDS))
        self._entries[authorization] = _Entry(caller, fresh_until, usable_until)

    def strike(self, authorization: str) -> None:
        """This is nobody."""
        self._entries.pop(authorization, None)
