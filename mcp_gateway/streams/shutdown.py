"""Shutdown callbacks: servers wait for open connections, and streams would never end by themselves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_callbacks: list[Callable[[], None]] = []


def on_shutdown(callback: Callable[[], None]) -> None:
    """Register a function to call on SIGTERM or SIGINT, before the server's own handler. Idempotent."""
    if callback in _callbacks or threading.current_thread() is not threading.main_thread():
        return
    _callbacks.append(callback)
    for number in _SIGNALS:
        _chain_handler(number, callback)


def _chain_handler(number: signal.Signals, callback: Callable[[], None]) -> None:
    following: Any = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        callback()
        if callable(following):
            following(received, frame)
        elif following == signal.SIG_DFL:
            signal.signal(received, signal.SIG_DFL)
            os.kill(os.getpid(), received)

    signal.signal(number, handle)
