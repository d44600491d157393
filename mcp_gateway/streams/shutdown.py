"""Word that the process is to end: servers wait for open connections, and streams do not end by themselves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_told: list[Callable[[], None]] = []


def before_the_end(tell: Callable[[], None]) -> None:
    """Call this when a signal to end arrives, before the server's own handler; once for each function."""
    if tell in _told or threading.current_thread() is not threading.main_thread():
        return
    _told.append(tell)
    for number in _SIGNALS:
        _precede(number, tell)


def _precede(number: signal.Signals, tell: Callable[[], None]) -> None:
    following: Any = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        tell()
        if callable(following):
            following(received, frame)
        elif following == signal.SIG_DFL:
            signal.signal(received, signal.SIG_DFL)
            os.kill(os.getpid(), received)

    signal.signal(number, handle)
