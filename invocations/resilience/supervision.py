"""Background work that is restarted after failures; `report` tells its state."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

log = logging.getLogger(__name__)

RESTART_SECONDS = (0.1, 1.0, 5.0, 30.0)
"""Delays before a restart; the last one repeats. Work that ran for longer than that starts over with the first."""
_ENDED = "it returned unexpectedly"


@dataclass(frozen=True, slots=True)
class Report:
    """State of one piece of background work; `failing_since` is None while it works. Times are in UTC."""

    name: str
    restarts: int
    last_beat: datetime
    failing_since: datetime | None = None
    last_error: str = ""
    """Type of the last failure, "" before the first; the server log has the traceback."""
    silent: bool = False
    """Whether it made no progress for longer than `silent_after`, without failing."""

    @property
    def healthy(self) -> bool:
        """Whether the work is running normally."""
        return self.failing_since is None and not self.silent

    def __str__(self) -> str:
        if self.failing_since is not None:
            return f"failing since {_text(self.failing_since)}, {self.restarts} restarts, last error {self.last_error}"
        return f"no sign of life since {_text(self.last_beat)}" if self.silent else "ok"


class Part:
    """One piece of background work and its state. Thread-safe.

    The work calls `beat` on every progress, at least every `silent_after` seconds if given.
    """

    def __init__(self, name: str, *, silent_after: float | None = None) -> None:
        self.name = name
        self._silent_after = silent_after
        self._restarts = 0
        self._in_a_row = 0
        self._failing_since: datetime | None = None
        self._last_error = ""
        self._began_at = time.monotonic()
        self._beat_at, self._last_beat = time.monotonic(), datetime.now(UTC)

    def begin(self) -> None:
        """Note that the work starts or restarts."""
        self._began_at = self._beat_at = time.monotonic()
        with _lock:
            _parts[self] = None

    def beat(self) -> None:
        """Note progress; this ends the failing state."""
        self._beat_at, self._last_beat = time.monotonic(), datetime.now(UTC)
        self._failing_since = None

    def fail(self, error: BaseException | None) -> float:
        """Note a failure, or an unexpected return (None); return the seconds to wait before the restart.

        Call it inside the `except` block, because it logs the traceback.
        """
        if error is None:
            log.error("%s: %s; restarting it", self.name, _ENDED)
        else:
            log.exception("%s failed; restarting it", self.name)
        self._last_error = "ended" if error is None else type(error).__name__
        self._failing_since = self._failing_since or datetime.now(UTC)
        self._restarts += 1
        ran_long = time.monotonic() - self._began_at > RESTART_SECONDS[-1]
        self._in_a_row = 0 if ran_long else self._in_a_row + 1
        return RESTART_SECONDS[min(max(self._in_a_row - 1, 0), len(RESTART_SECONDS) - 1)]

    def end(self) -> None:
        """Note that the work has ended normally; it is no longer reported."""
        with _lock:
            _parts.pop(self, None)

    def report(self) -> Report:
        """Return the current state."""
        late = self._silent_after is not None and time.monotonic() - self._beat_at > self._silent_after
        return Report(
            self.name,
            self._restarts,
            self._last_beat,
            self._failing_since,
            self._last_error,
            silent=late and self._failing_since is None,
        )


class SupervisedThread:
    """Runs `work` in a daemon thread until `stopping` is set; restarts it if it fails or returns earlier."""

    def __init__(self, name: str, work: Callable[[], None], *, silent_after: float | None = None) -> None:
        self.part = Part(name, silent_after=silent_after)
        self.stopping = threading.Event()
        self._work = work
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread if it is not running; may be called again, also after `stop`."""
        with self._lock:
            self.stopping.clear()
            if not self.running:
                self.part.begin()
                self._spawn(0)

    def stop(self, timeout: float) -> bool:
        """Stop the thread, waiting up to `timeout` seconds; return whether it has ended. May be called again."""
        with self._lock:
            self.stopping.set()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        return not self.running

    def _spawn(self, delay: float) -> None:
        self._thread = threading.Thread(target=self._run, args=(delay,), name=self.part.name, daemon=True)
        self._thread.start()

    def _run(self, delay: float) -> None:
        try:
            delay = self._work_once(delay)  # even if stopping already: it may have work to finish
            while not self._is_over():
                delay = self._work_once(delay)
        except BaseException as error:  # noqa: BLE001  # raised by another thread between two runs
            self._spawn(self.part.fail(error))

    def _work_once(self, delay: float) -> float:
        """Run the work once after `delay` seconds; return the delay before the next run."""
        try:
            if delay and self.stopping.wait(delay):
                return 0
            self.part.begin()
            self._work()
        except BaseException as error:  # noqa: BLE001  # even SystemExit, which would otherwise go unnoticed
            return self.part.fail(error)
        return 0 if self.stopping.is_set() else self.part.fail(None)

    def _is_over(self) -> bool:
        with self._lock:
            if self.stopping.is_set():
                self._thread = None
                self.part.end()
            return self.stopping.is_set()


async def supervise(part: Part, work: Callable[[], Awaitable[None]]) -> None:
    """Run async work until cancelled; restart it if it fails or returns."""
    try:
        while True:
            part.begin()
            try:
                await work()
            except Exception as error:  # noqa: BLE001  # the work must go on after any failure
                delay = part.fail(error)
            else:
                delay = part.fail(None)
            await asyncio.sleep(delay)
    finally:
        part.end()


def report() -> list[Report]:
    """Return the state of this process's background work, sorted by name."""
    with _lock:
        parts = list(_parts)
    return sorted((part.report() for part in parts), key=lambda one: one.name)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


_lock = threading.Lock()
_parts: dict[Part, None] = {}
"""The work that should be running in this process, in start order."""
