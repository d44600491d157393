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
    turn: int
    """Which of the turns of `Remembered` it was asked for in."""
    fresh_until: float
    usable_until: float


class Remembered:
    """Callers by their `Authorization` header; oldest out first.

    `ask_again` and `revoke` begin a new turn: what was asked before counts only where nobody can be asked
    any more. They may be called from any thread.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._turn = 0
        self._revocations = 0

    def fresh(self, authorization: str) -> Caller | None:
        """Who this is, if that was asked a moment ago or is just being asked."""
        entry = self._entries.get(authorization)
        if entry is None or entry.turn != self._turn:
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
        return Page(self, self._entries, self._turn, self._revocations)

    def postpone(self, authorization: str) -> None:
        """Nobody can be asked at the moment: go on with what is known for a while before the next try."""
        entry = self._entries.get(authorization)
        if entry is not None:
            entry.turn = self._turn
            entry.fresh_until = min(time.monotonic() + ASKING_SECONDS, entry.usable_until)

    def ask_again(self) -> None:
        """Ask about every caller again: something has changed. An answer to an earlier question does not count."""
        self._turn += 1

    def revoke(self, key: str) -> None:
        """Nobody with this `Caller.key` is let in without being asked for, even where that is not possible."""
        self._turn += 1
        self._revocations += 1
        for authorization, entry in list(self._entries.items()):
            if entry.caller.key == key:
                self._entries.pop(authorization, None)

    def forget(self) -> None:
        """Know nobody any more, as a process that has just started."""
        self._turn += 1
        self._revocations += 1
        self._entries = {}


class Page:
    """Notes what was learnt.

    Where another turn has begun since the page was taken, that counts during an outage alone; where a caller was
    revoked since, not at all.
    """

    def __init__(self, remembered: Remembered, entries: dict[str, _Entry], turn: int, revocations: int) -> None:
        self._remembered = remembered
        self._entries = entries
        self._asked_at = time.monotonic()
        self._turn = turn
        self._revocations = revocations

    def note(self, authorization: str, caller: Caller) -> None:
        """This is who it is, as long as the token lasts."""
        if self._remembered._revocations != self._revocations:
            return
        self._entries.pop(authorization, None)
        if len(self._entries) >= CALLERS_MAX:
            del self._entries[next(iter(self._entries))]
        left = caller.expires_at - time.time()
        fresh_until, usable_until = (self._asked_at + min(seconds, left) for seconds in (FRESH_SECONDS, OUTAGE_SECONDS))
        self._entries[authorization] = _Entry(caller, self._turn, fresh_until, usable_until)

    def strike(self, authorization: str) -> None:
        """This is nobody."""
        self._entries.pop(authorization, None)
