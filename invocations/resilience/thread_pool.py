"""A thread pool per kind of blocking call, so that one that hangs does not block others. Pure."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

from . import deadline
from .unavailable import DeadlinePassed, StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")
IDLE_SECONDS = 30.0
"""How long an idle thread lives."""


class Busy(StoreUnavailable):
    """The pool's queue is full."""


class Pool(Executor):
    """Runs at most `threads` calls and queues `waiting` more; beyond that, `submit` raises Busy.

    Calls inherit the caller's deadline. Unlike with the standard library's pool, the threads are
    daemons: the process exits without waiting for hanging calls.
    """

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self._name = name
        self._threads = threads
        self._unfinished: set[Future[Any]] = set()
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running = 0
        self._idle = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function in a thread. Raises Busy."""
        if not self._places.acquire(blocking=False):
            raise Busy(f"too many calls are waiting for {self._name}")
        future: Future[T] = Future()
        future.add_done_callback(self._finish_call)
        self._unfinished.add(future)
        self._calls.put((future, partial(copy_context().run, fn, *args, **kwargs)))
        self._ensure_thread()
        return future

    async def run(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread and return its result. Raises Busy, and DeadlinePassed for the caller's."""
        left = deadline.remaining()
        try:
            async with asyncio.timeout(None if left == float("inf") else left) as limit:
                return await asyncio.wrap_future(self.submit(fn, *args, **kwargs))
        except TimeoutError:
            if limit.expired():
                raise DeadlinePassed("the deadline has passed") from None
            raise

    def drain(self, seconds: float) -> None:
        """Wait until all submitted calls are done, for at most `seconds`."""
        wait(list(self._unfinished), timeout=seconds)

    def _finish_call(self, future: Future[Any]) -> None:
        self._unfinished.discard(future)
        self._places.release()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: idle threads end by themselves."""

    def _ensure_thread(self) -> None:
        with self._lock:
            if self._idle < self._calls.qsize() and self._running < self._threads:
                self._running += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            try:
                call = self._calls.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                call = None
            with self._lock:
                self._idle -= 1
                if call is None and self._calls.empty():
                    self._running -= 1
                    return
            if call is not None:
                _perform(*call)
            del call  # and everything it references, before waiting for the next one


def _perform(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001  # re-raised where the future is awaited
        future.set_exception(error)
        del future  # the traceback references this frame
    else:
        future.set_result(result)
