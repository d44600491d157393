"""Functions that exceed the limits of worker processes. Must not import Django."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Every kind of plain data that is sent to a worker and back."""

    name: str
    content: bytes
    lines: range
    parts: tuple[Sample, ...] = ()


def same(sample: Sample) -> Sample:
    return sample


def worker_id() -> int:
    return os.getpid()


def environment() -> list[str]:
    return sorted(os.environ)


def spin(seconds: float) -> int:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return os.getpid()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def fill(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024 * 1024))


def fail(text: str) -> None:
    raise ValueError(text)


def leave(status: int) -> None:
    os._exit(status)


def chatter(text: str) -> str:
    sys.stdout.write(text)
    sys.stdout.flush()
    return text


def lie(text: str) -> int:
    return text  # type: ignore[return-value]
