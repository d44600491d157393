"""The log level of each legacy session, set by `logging/setLevel`.

Each process knows only the levels it was sent, because sessions are not stored; other sessions get
the default. Clients of 2026-07-28 send the level with each request.
"""

from __future__ import annotations

from collections import OrderedDict

DEFAULT = "info"
SESSIONS_MAX = 10_000


class LogLevels:
    """The levels of the SESSIONS_MAX sessions that set one most recently."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, str] = OrderedDict()

    def get(self, session_id: str) -> str:
        """Return a session's level."""
        return self._levels.get(session_id, DEFAULT)

    def set(self, session_id: str, level: str) -> None:
        """Set a session's level. Ignored without a session id: all clients without a session share that entry."""
        if session_id:
            self._levels[session_id] = level
            self._levels.move_to_end(session_id)
            if len(self._levels) > SESSIONS_MAX:
                self._levels.popitem(last=False)


log_levels = LogLevels()
