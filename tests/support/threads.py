"""Running things at the same time, each thread with database connections of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from .patience import PATIENCE_SECONDS

T = TypeVar("T")
A = TypeVar("A")


def at_once(function: Callable[[A], T], arguments: Iterable[A]) -> list[T]:
    """What `function` returns for each argument; all calls are held back until every thread is there."""
    arguments = list(arguments)
    barrier = threading.Barrier(len(arguments), timeout=PATIENCE_SECONDS)

    def call(argument: A) -> T:
        try:
            barrier.wait()
            return function(argument)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(call, arguments))
