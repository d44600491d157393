"""CPU time and memory of a server and its child processes. Linux only."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PARENT, _UTIME, _STIME, _CUTIME, _CSTIME, _RSS = 1, 11, 12, 13, 14, 21
"""Field numbers in /proc/.../stat, counted after the name."""
EVERY_SECONDS = 0.02


@dataclass
class Use:
    """Resources used within a block: CPU seconds in total and without children, and the peak memory
    increase in bytes."""

    cpu_seconds: float = 0.0
    own_cpu_seconds: float = 0.0
    memory_bytes: int = 0


class ProcessTree:
    """A process and its children."""

    def __init__(self, process: int) -> None:
        self._process = process

    @contextmanager
    def use(self) -> Iterator[Use]:
        """Measure the block."""
        use, idle, done = Use(), self.memory_bytes(), threading.Event()
        before, own_before = self._cpu_seconds()

        def watch() -> None:
            while not done.wait(EVERY_SECONDS):
                use.memory_bytes = max(use.memory_bytes, self.memory_bytes() - idle)

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield use
        finally:
            done.set()
            watching.join()
            after, own_after = self._cpu_seconds()
            use.cpu_seconds, use.own_cpu_seconds = after - before, own_after - own_before

    def memory_bytes(self) -> int:
        return sum(int(stat[_RSS]) * _PAGE for stat in self._stats())

    def _cpu_seconds(self) -> tuple[float, float]:
        """Return CPU seconds in total, including ended children, and of the process itself."""
        own, *children = self._stats()
        itself = int(own[_UTIME]) + int(own[_STIME])
        ended = int(own[_CUTIME]) + int(own[_CSTIME])
        of_children = sum(int(stat[_UTIME]) + int(stat[_STIME]) for stat in children)
        return (itself + ended + of_children) / _TICK, itself / _TICK

    def _stats(self) -> Iterator[list[str]]:
        yield _stat(str(self._process))
        for process in (path.name for path in Path("/proc").iterdir()):
            with suppress(OSError):  # the process has ended
                if process.isdecimal() and (stat := _stat(process))[_PARENT] == str(self._process):
                    yield stat


def _stat(process: str) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
