"""Background work that outlives its failures: it is started again after each, and `report` says so meanwhile."""

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
"""Waits before a restart; the last one repeats. Work that ran for longer than that begins with the first again."""
_ENDED = "it ended without being asked to"


@dataclass(frozen=True, slots=True)
class Report:
    """How a part of the background work is; `failing_since` is None while it works, times are in UTC."""

    name: str
    restarts: int
    last_beat: datetime
    failing_since: datetime | None = None
    last_error: str = ""
    """The type of the last failure, which is in the server's log as a whole; "" before the first."""
    silent: bool = False
    """It has not failed, and has not got anywhere for longer than it may take."""

    @property
    def healthy(self) -> bool:
        """Whether the work is being done."""
        return self.failing_since is None and not self.silent

    def __str__(self) -> str:
        if self.failing_since is not None:
            return f"failing since {_text(self.failing_since)}, {self.restarts} restarts, last error {self.last_error}"
        return f"no sign of life since {_text(self.last_beat)}" if self.silent else "ok"


class Part:
    """What is known of one piece of background work. May be used from any thread.

    The work calls `beat` each time it got somewhere, at least every `silent_after` seconds where that is given.
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
        """The work begins, or begins again."""
        self._began_at = self._beat_at = time.monotonic()
        with _lock:
            _parts[self] = None

    def beat(self) -> None:
        """The work got somewhere: whatever it failed of before is over."""
        self._beat_at, self._last_beat = time.monotonic(), datetime.now(UTC)
        self._failing_since = None

    def fail(self, error: BaseException | None) -> float:
        """The work failed, or ended (None) though it should not have; how many seconds to wait before it begins again.

        To be called where the failure is handled, as it is logged with its traceback.
        """
        if error is None:
            log.error("%s: %s; starting it again", self.name, _ENDED)
        else:
            log.exception("%s failed; starting it again", self.name)
        self._last_error = "ended" if error is None else type(error).__name__
        self._failing_since = self._failing_since or datetime.now(UTC)
        self._restarts += 1
        ran_long = time.monotonic() - self._began_at > RESTART_SECONDS[-1]
        self._in_a_row = 0 if ran_long else self._in_a_row + 1
        return RESTART_SECONDS[min(max(self._in_a_row - 1, 0), len(RESTART_SECONDS) - 1)]

    def end(self) -> None:
        """The work is over, as it should be, and no longer reported."""
        with _lock:
            _parts.pop(self, None)

    def report(self) -> Report:
        """How the work is at the moment."""
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
    """Runs `work` in a daemon thread until `stopping` is set; work that fails or returns before is started again."""

    def __init__(self, name: str, work: Callable[[], None], *, silent_after: float | None = None) -> None:
        self.part = Part(name, silent_after=silent_after)
        self.stopping = threading.Event()
        self._work = work
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended since."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start it where it is not running; may be called again, and after it was stopped."""
        with self._lock:
            self.stopping.clear()
            if not self.running:
                self.part.begin()
                self._spawn(0)

    def stop(self, timeout: float) -> bool:
        """Ask it to stop and wait for that; whether it has ended by then. May be called again."""
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
            delay = self._work_once(delay)  # even if it is to stop already: it may have something to finish
            while not self._is_over():
                delay = self._work_once(delay)
        except BaseException as error:  # noqa: BLE001  # raised in this thread by another, between two runs
            self._spawn(self.part.fail(error))

    def _work_once(self, delay: float) -> float:
        """Work until that fails or ends; how long to wait before it begins again."""
        try:
            if delay and self.stopping.wait(delay):
                return 0
            self.part.begin()
            self._work()
        except BaseException as error:  # noqa: BLE001  # even SystemExit: nobody else would learn that it ended
            return self.part.fail(error)
        return 0 if self.stopping.is_set() else self.part.fail(None)

    def _is_over(self) -> bool:
        with self._lock:
            if self.stopping.is_set():
                self._thread = None
                self.part.end()
            return self.stopping.is_set()


async def supervise(part: Part, work: Callable[[], Awaitable[None]]) -> None:
    """Do work on an event loop until this is cancelled; work that fails or returns is started again."""
    try:
        while True:
            part.begin()
            try:
                await work()
            except Exception as error:  # noqa: BLE001  # whatever it is, the work has to go on
                delay = part.fail(error)
            else:
                delay = part.fail(None)
            await asyncio.sleep(delay)
    finally:
        part.end()


def report() -> list[Report]:
    """How each part of this process's background work is, by name."""
    with _lock:
        parts = list(_parts)
    return sorted((part.report() for part in parts), key=lambda one: one.name)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


_lock = threading.Lock()
_parts: dict[Part, None] = {}
"""The work that should be going on in this process."""
