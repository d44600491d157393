"""The worker process: does one job after another, each within its limits, until its standard input ends.

A job that needs more CPU time ends the process: the kernel sends SIGPROF, which no library can hold up.
Nothing here, nor what a job imports, may start Django: a worker is to start quickly.
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
"""Whoever waits for the server itself comes first."""
RESIDENT_MAX = 96 * 1024 * 1024
"""Bytes of memory with which a worker leaves, since Python gives little of it back."""
_PAGE = resource.getpagesize()
_STATM = Path("/proc/self/statm")


def main() -> None:
    """Do the jobs that arrive."""
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
    """Where jobs come from, and where answers go; what a library prints goes to the log instead."""
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
    except Exception:  # noqa: BLE001  # it is told to the server, which logs it
        return Answer("failed", leaves=True, detail=traceback.format_exc()), b""
    return Answer("done", leaves=_resident() > RESIDENT_MAX), result


def _call_within(cpu_seconds: float, function: Callable[..., Any], arguments: list[Any]) -> bytes:
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return wire.encode(function(*arguments))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_memory(more: int) -> None:
    """Let the process grow by so many bytes. Only Linux tells how large it is."""
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
