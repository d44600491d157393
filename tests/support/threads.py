"""Concurrent calls, each thread with its own database connections."""

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
    """Call `function` concurrently for each argument, starting together; return the results."""
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
