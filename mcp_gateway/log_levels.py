"""How severe log messages must be to be sent to a session of an older revision, which says so by `logging/setLevel`.

Kept by each process for the sessions that told it: sessions are stored nowhere, and a process that
was not told sends what it sends by default. Newer clients say the level with each request.
"""

from __future__ import annotations

from collections import OrderedDict

DEFAULT = "info"
SESSIONS_MAX = 10_000


class LogLevels:
    """The levels of the sessions that set one last."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, str] = OrderedDict()

    def of(self, session_id: str) -> str:
        """The level of a session."""
        return self._levels.get(session_id, DEFAULT)

    def put(self, session_id: str, level: str) -> None:
        """Set the level of a session; of none, that clients share which have none, it stays as it is."""
        if session_id:
            self._levels[session_id] = level
            self._levels.move_to_end(session_id)
            if len(self._levels) > SESSIONS_MAX:
                self._levels.popitem(last=False)


log_levels = LogLevels()
