"""The pool of worker processes: started when needed, ended with the server."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import msgspec
from django.conf import settings

from . import wire
from .wire import Answer, BrokenMessage, Job

log = logging.getLogger(__name__)

T = TypeVar("T")

MEMORY_BYTES = 192 * 1024 * 1024
"""Memory that a job may use, in addition to the worker's own."""
DEADLINE_SECONDS = 20.0
"""Wall-clock limit of a job: many times its CPU time, for busy machines."""
PATIENCE_SECONDS = 10.0
"""How long a call waits for a free worker."""

_ROOT = Path(__file__).resolve().parent.parent.parent
_COMMAND = (sys.executable, "-m", "skills_registry.bounded.worker")
_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH")
"""The only environment variables that workers get: they read untrusted texts, and the others hold secrets."""


class JobFailed(Exception):
    """The job was not done: it exceeded a limit, it failed, or (`busy`) no worker was free. The message says why."""

    def __init__(self, why: str, *, busy: bool = False) -> None:
        super().__init__(why)
        self.busy = busy


def run_bounded(cpu_seconds: float, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a worker process, with at most `cpu_seconds` of CPU time.

    The function's module must not import Django. Arguments and result are plain data or dataclasses, of the
    types that the function declares. Blocks only the calling thread. Raises JobFailed.
    """
    return _pool.run(cpu_seconds, function, *arguments)


class Pool:
    """At most `size` workers; a call waits at most `patience` seconds for a free one."""

    def __init__(self, size: int, patience: float = PATIENCE_SECONDS, deadline: float = DEADLINE_SECONDS) -> None:
        self._places = threading.BoundedSemaphore(size)
        self._patience, self._deadline = patience, deadline
        self._idle: list[_Worker] = []

    def run(self, cpu_seconds: float, function: Callable[..., T], *arguments: Any) -> T:
        """See `run_bounded`."""
        if not self._places.acquire(timeout=self._patience):
            raise JobFailed("all workers are busy", busy=True)
        try:
            job = Job(wire.function_path(function), cpu_seconds, MEMORY_BYTES)
            payload = self._work(job, arguments)
            return cast("T", wire.decode_result(function, payload))
        except BrokenMessage:
            log.exception("%s sent an unreadable answer", wire.function_path(function))
            raise JobFailed("its answer cannot be read") from None
        finally:
            self._places.release()

    def close(self) -> None:
        """End all idle workers."""
        while self._idle:
            self._idle.pop().end()

    def _work(self, job: Job, arguments: tuple[Any, ...]) -> bytes:
        worker = self._taken()
        try:
            answer, result = worker.work(job, arguments, self._deadline)
        except BaseException:
            worker.end()
            raise
        if answer.leaves:
            worker.end()
        else:
            self._idle.append(worker)
        if answer.outcome == "memory":
            raise JobFailed("it needs too much memory")
        if answer.outcome == "failed":
            log.error("%s failed in a worker:\n%s", job.function, answer.detail)
            raise JobFailed("it failed")
        return result

    def _taken(self) -> _Worker:
        """Take an idle worker, or start one."""
        with contextlib.suppress(IndexError):
            while not (worker := self._idle.pop()).alive:
                worker.end()
            return worker
        return _Worker()


class _Worker:
    """One worker process; it exits when its standard input closes, however this process ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # a fixed command
            _COMMAND,
            cwd=_ROOT,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must reach only the server, which ends the workers
        )

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def work(self, job: Job, arguments: tuple[Any, ...], deadline: float) -> tuple[Answer, bytes]:
        """Run a job. Raises JobFailed if the worker had to be killed, and BrokenMessage."""
        watch = threading.Timer(deadline, self._process.kill)
        watch.start()
        try:
            self._send(msgspec.msgpack.encode(job), wire.encode(arguments))
            answers = cast("IO[bytes]", self._process.stdout)
            head, result = wire.receive(answers), wire.receive(answers)
        except (OSError, BrokenMessage):
            head = result = None
        finally:
            watch.cancel()
        if head is None or result is None:
            log.warning("%s was ended: it exceeded its limits", job.function)
            raise JobFailed("it takes too long")
        return msgspec.msgpack.decode(head, type=Answer), result

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()
        with contextlib.suppress(OSError):  # unsent data is lost
            self._process.__exit__(None, None, None)

    def _send(self, *messages: bytes) -> None:
        jobs = cast("IO[bytes]", self._process.stdin)
        for message in messages:
            wire.send(jobs, message)
        jobs.flush()


_pool = Pool(settings.PACKAGE_WORKERS)
atexit.register(_pool.close)
