"""Background work that fails is started again, and the report says so meanwhile."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable, Iterator

import pytest

from invocations.resilience import supervision
from invocations.resilience.supervision import Part, Report, SupervisedThread, supervise

from .support.patience import PATIENCE_SECONDS, wait_until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "RESTART_SECONDS", (0.01, 0.02))


@pytest.fixture
def stopped() -> Iterator[Callable[[SupervisedThread], SupervisedThread]]:
    threads: list[SupervisedThread] = []

    def remember(thread: SupervisedThread) -> SupervisedThread:
        threads.append(thread)
        return thread

    yield remember
    for thread in threads:
        assert thread.stop(5)


Stopped = Callable[[SupervisedThread], SupervisedThread]


def reported(name: str) -> Report | None:
    return next((one for one in supervision.report() if one.name == name), None)


def eventually(condition: Callable[[], bool]) -> None:
    wait_until(condition, every=0.005)


def test_thread_that_fails_is_started_again_and_reported_until_it_works(stopped: Stopped) -> None:
    failures, released = iter([ValueError("first"), KeyError("second")]), threading.Event()

    def work() -> None:
        for failure in failures:
            raise failure
        released.wait(5)
        thread.part.beat()
        thread.stopping.wait(5)

    thread = stopped(SupervisedThread("worker", work))
    thread.start()
    eventually(lambda: (one := reported("worker")) is not None and one.restarts == 2)
    failing = reported("worker")
    assert failing is not None
    assert not failing.healthy
    assert failing.last_error == "KeyError"
    assert str(failing).startswith("failing since ")
    assert str(failing).endswith(", 2 restarts, last error KeyError")

    released.set()
    eventually(lambda: (one := reported("worker")) is not None and one.healthy)
    assert str(reported("worker")) == "ok"


def test_thread_that_returns_without_being_asked_to_is_started_again(stopped: Stopped) -> None:
    begun = threading.Semaphore(0)
    thread = stopped(SupervisedThread("worker", begun.release))  # returns at once
    thread.start()
    for _ in range(3):
        assert begun.acquire(timeout=PATIENCE_SECONDS)
    failing = reported("worker")
    assert failing is not None
    assert failing.last_error == "ended"


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_thread_that_is_killed_from_outside_is_started_again(stopped: Stopped, kind: type[BaseException]) -> None:
    lives: list[int] = []

    def work() -> None:
        lives.append(threading.get_ident())
        while not thread.stopping.wait(0.005):
            thread.part.beat()

    thread = stopped(SupervisedThread("worker", work))
    thread.start()
    eventually(lambda: len(lives) == 1)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(lives[0]), ctypes.py_object(kind))
    eventually(lambda: len(lives) == 2)
    eventually(lambda: (one := reported("worker")) is not None and one.healthy)


def test_thread_stops_when_asked_to_is_no_longer_reported_and_can_be_started_again(stopped: Stopped) -> None:
    begun = threading.Semaphore(0)

    def work() -> None:
        begun.release()
        thread.stopping.wait(5)

    thread = stopped(SupervisedThread("worker", work))
    for _ in range(2):
        thread.start()
        thread.start()
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        assert reported("worker") is not None
        assert thread.stop(5)
        assert reported("worker") is None
        assert not begun.acquire(blocking=False), "it was started once only"


def test_thread_that_waits_for_its_restart_stops_at_once(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "RESTART_SECONDS", (1000.0,))

    def work() -> None:
        raise ValueError

    thread = stopped(SupervisedThread("worker", work))
    thread.start()
    eventually(lambda: (one := reported("worker")) is not None and not one.healthy)
    assert thread.stop(5)


def test_part_that_gets_nowhere_for_too_long_is_reported_as_silent() -> None:
    part = Part("worker", silent_after=0.0)
    part.begin()
    try:
        eventually(lambda: (one := reported("worker")) is not None and one.silent)
        assert str(reported("worker")).startswith("no sign of life since ")
    finally:
        part.end()


async def test_task_that_fails_or_returns_is_started_again_until_it_is_cancelled() -> None:
    ends = iter([ValueError("fails"), None])
    third = asyncio.Event()

    async def work() -> None:
        for end in ends:
            if end is not None:
                raise end
            return
        part.beat()
        third.set()
        await asyncio.Event().wait()

    part = Part("task")
    task = asyncio.create_task(supervise(part, work))
    await asyncio.wait_for(third.wait(), 5)
    found = reported("task")
    assert found is not None
    assert (found.restarts, found.healthy, found.last_error) == (2, True, "ended")

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reported("task") is None
