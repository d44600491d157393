"""Work in worker processes: done within its limits, or not done, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skills_registry.bounded.pool import JobFailed, Pool

from .support import overdoing
from .support.overdoing import Sample
from .support.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(1, patience=30, deadline=30)
    yield pool
    pool.close()


def gone(process: int) -> bool:
    """Whether a process has ended, within some seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{process}/cmdline").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not Path(f"/proc/{process}/cmdline").exists()


def test_plain_data_comes_back_as_it_went(pool: Pool) -> None:
    sample = Sample("a\ud83d\ude00é".encode("utf-16", "surrogatepass").decode("utf-16"), b"\x00\xff", range(3, 9))
    sample = Sample("all", b"", range(0), (sample, sample))
    assert pool.run(1, overdoing.same, sample) == sample


def test_a_worker_is_kept_for_the_next_job(pool: Pool) -> None:
    assert pool.run(1, overdoing.worker_id) == pool.run(1, overdoing.worker_id) != os.getpid()


@pytest.mark.parametrize(
    ("function", "argument"), [("spin", 60.0), ("fill", 400), ("leave", 3), ("lie", "not a number")]
)
def test_what_takes_too_much_is_not_done_and_the_next_job_is(pool: Pool, function: str, argument: object) -> None:
    with pytest.raises(JobFailed):
        pool.run(0.2, getattr(overdoing, function), argument)
    assert pool.run(1, overdoing.chatter, "hello") == "hello"


def test_time_is_counted_for_each_job_by_itself(pool: Pool) -> None:
    assert len({pool.run(0.4, overdoing.spin, 0.2) for _ in range(4)}) == 1


def test_a_job_that_waits_for_ever_is_ended_at_the_deadline() -> None:
    pool = Pool(1, deadline=0.5)
    with pytest.raises(JobFailed):
        pool.run(1, overdoing.sleep, 60)


def test_a_failure_is_logged_with_its_place(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(JobFailed, match="it failed"):
        pool.run(1, overdoing.fail, "this is why")
    assert "ValueError: this is why" in caplog.text


def test_no_more_jobs_run_at_once_than_there_are_workers_and_nobody_waits_for_ever() -> None:
    pool = Pool(1, patience=0.1)
    busy = threading.Thread(target=lambda: pool.run(30, overdoing.sleep, 2))
    busy.start()
    try:
        while pool._places._value:
            time.sleep(0.01)
        with pytest.raises(JobFailed, match="busy"):
            pool.run(1, overdoing.worker_id)
    finally:
        busy.join()
        pool.close()


def test_threads_share_the_workers() -> None:
    pool = Pool(2, patience=60)
    with ThreadPoolExecutor(8) as threads:
        workers = set(threads.map(lambda _: pool.run(5, overdoing.spin, 0.02), range(40)))
    pool.close()
    assert 1 <= len(workers) <= 2
    assert all(gone(worker) for worker in workers)


def test_a_worker_knows_nothing_of_the_servers_environment(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    assert set(pool.run(1, overdoing.environment)) <= {"PATH", "LANG", "LD_LIBRARY_PATH", "LC_CTYPE"}


def test_workers_end_with_a_server_that_is_killed() -> None:
    code = (
        "import django, os, signal; from django.conf import settings; settings.configure(PACKAGE_WORKERS=1);"
        "from skills_registry.bounded.pool import run_bounded; from tests.support import overdoing;"
        "print(run_bounded(1, overdoing.worker_id), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert gone(int(ended.stdout))


def test_a_worker_does_not_start_django() -> None:
    code = "import sys, skills_registry.bounded.worker; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
