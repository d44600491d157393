"""A pool of threads of its own: bounded in what runs and what waits, and nobody waits for it at the end."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from invocations.resilience import deadline
from invocations.resilience.thread_pool import Busy, Pool

THREADS, WAITING = 2, 3


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


@pytest.fixture
def pool() -> Pool:
    return Pool("test", threads=THREADS, waiting=WAITING)


def full(pool: Pool, gate: threading.Event) -> list[Future[bool]]:
    return [pool.submit(gate.wait, 30) for _ in range(THREADS + WAITING)]


def test_results_and_failures_come_back(pool: Pool) -> None:
    assert pool.submit(divmod, 7, 2).result(10) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 7, 0).result(10)


def test_no_more_run_and_wait_than_may(pool: Pool, gate: threading.Event) -> None:
    waiting = full(pool, gate)
    with pytest.raises(Busy, match="test"):
        pool.submit(int)
    assert sum(future.running() for future in waiting) <= THREADS
    gate.set()
    assert [future.result(10) for future in waiting] == [True] * (THREADS + WAITING)
    assert pool.submit(int).result(10) == 0


def test_place_of_a_call_that_nobody_waits_for_any_more_is_free(pool: Pool, gate: threading.Event) -> None:
    full(pool, gate)[-1].cancel()
    pool.submit(int)
    with pytest.raises(Busy):
        pool.submit(int)


def test_no_more_threads_than_needed(pool: Pool) -> None:
    names = {pool.submit(threading.get_ident).result(10) for _ in range(20)}
    assert len(names) <= THREADS


def test_calls_know_the_deadline_of_the_caller(pool: Pool) -> None:
    with deadline.within(50):
        assert 40 < pool.submit(deadline.remaining).result(10) <= 50
    assert pool.submit(deadline.remaining).result(10) == float("inf")


async def test_caller_whose_time_is_up_leaves_no_waiting_call(pool: Pool, gate: threading.Event) -> None:
    full(pool, gate)[-1].cancel()
    for _ in range(3):
        with deadline.within(0.05), pytest.raises(TimeoutError):
            await pool.run(gate.wait, 30)


def test_process_ends_though_a_call_hangs() -> None:
    code = (
        "import threading\n"
        "from invocations.resilience.thread_pool import Pool\n"
        "Pool('hangs', threads=1, waiting=0).submit(threading.Event().wait)\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=20, check=True)


def test_earlier_deadline_holds() -> None:
    with deadline.within(5):
        with deadline.within(50):
            assert deadline.remaining() <= 5
        with deadline.override(50):
            assert deadline.remaining() > 40
        with deadline.within(-1):
            assert deadline.remaining() == 0
    assert deadline.remaining() == float("inf")
