"""The worker process: runs jobs within their limits until its standard input closes.

A job that exceeds its CPU time ends the process: the kernel sends SIGPROF, which no library can delay.
Neither this module nor a job may import Django, so that workers start quickly.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec

from . import wire
from .wire import Answer, Job

NICENESS = 5
"""Workers yield to the server itself."""
RESIDENT_MAX = 96 * 1024 * 1024
"""Resident memory, in bytes, above which a worker exits, since Python returns little of it."""
_PAGE = resource.getpagesize()
_STATM = Path("/proc/self/statm")


def main() -> None:
    """Run jobs until there are no more."""
    jobs, answers = _open_streams()
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (head := wire.receive(jobs)) is not None:
        answer, result = _run_job(msgspec.msgpack.decode(head, type=Job), jobs)
        wire.send(answers, wire.encode(answer))
        wire.send(answers, result)
        answers.flush()
        if answer.leaves:
            return


def _open_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The streams of jobs and answers; what libraries print goes to standard error instead."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, answers


def _run_job(job: Job, jobs: IO[bytes]) -> tuple[Answer, bytes]:
    try:
        function = wire.import_function(job.function)
        _limit_memory(job.memory_bytes)
        result = _call_within(job.cpu_seconds, function, wire.decode_arguments(function, wire.receive(jobs) or b""))
    except MemoryError:
        return Answer("memory", leaves=True), b""
    except Exception:  # noqa: BLE001  # the server logs it
        return Answer("failed", leaves=True, detail=traceback.format_exc()), b""
    return Answer("done", leaves=_resident() > RESIDENT_MAX), result


def _call_within(cpu_seconds: float, function: Callable[..., Any], arguments: list[Any]) -> bytes:
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return wire.encode(function(*arguments))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_memory(more: int) -> None:
    """Let the process grow by `more` bytes; does nothing where /proc is missing."""
    with contextlib.suppress(OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_statm(0) + more, resource.RLIM_INFINITY))


def _resident() -> int:
    with contextlib.suppress(OSError):
        return _statm(1)
    return 0


def _statm(field: int) -> int:
    return int(_STATM.read_text().split()[field]) * _PAGE


if __name__ == "__main__":
    main()
