"""Calls that a process had answered and not written when it died."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from django.db import OperationalError

from invocations.events import InvocationEvent
from invocations.models import Invocation, SkillCounter
from invocations.recording import spool as spool_module
from invocations.recording.recorder import Recorder
from invocations.recording.spool import Spool
from invocations.stores import get_store

from .support.patience import PATIENCE_SECONDS, wait_until
from .support.prepared import Prepared
from .support.server import DAPHNE, ROOT, Server
from .test_recorder import event


def killed_after(folder: Path, code: str) -> str:
    """Run code in another process that knows `spool` and `event`, and kill it before it can clean up; what it said."""
    script = f"""
import os, signal, sys, django
django.setup()
from pathlib import Path
from invocations.recording.spool import Spool
from tests.test_recorder import event
spool = Spool(Path({str(folder)!r}))
{code}
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_events_of_a_killed_process_are_taken_over_and_counted_once(tmp_path: Path) -> None:
    killed_after(tmp_path, "for number in range(250): spool.append(event(f'skill-{number % 2}'))")

    recorder = Recorder(get_store().write_batch, spool=Spool(tmp_path))
    recorder.record(event("skill-0"))
    recorder.close()
    assert Invocation.objects.count() == 251
    counts = dict(SkillCounter.objects.values_list("skill", "invocation_count"))
    assert counts == {"skill-0": 126, "skill-1": 125}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_events_written_before_the_kill_are_not_counted_again(tmp_path: Path) -> None:
    killed_after(tmp_path, "for number in range(10): spool.append(event())")
    with Spool(tmp_path).take_over_segment() as events:
        get_store().write_batch(events[:7])
        survivors = [one.id for one in events]
        [segment] = tmp_path.iterdir()
        kept = segment.read_bytes()
    segment.write_bytes(kept)

    recorder = Recorder(get_store().write_batch, spool=Spool(tmp_path))
    recorder.start()
    recorder.close()
    assert sorted(Invocation.objects.values_list("pk", flat=True)) == sorted(survivors)
    assert SkillCounter.objects.get().invocation_count == 10


def test_line_that_was_cut_off_is_set_aside(tmp_path: Path) -> None:
    code = "segment = spool.append(event('whole')); segment.memory[segment.end : segment.end + 5] = b'[\"cut'"
    killed_after(tmp_path, code)
    with Spool(tmp_path).take_over_segment() as events:
        assert [one.skill for one in events] == ["whole"]
    assert list(tmp_path.glob("*.jsonl")) == []
    assert [path.read_text().count("not JSON") for path in tmp_path.glob("rejected/*.jsonl")] == [1]


def test_segment_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    living = Spool(tmp_path)
    living.append(event())
    with Spool(tmp_path).take_over_segment() as events:
        assert events == []
    living.close()
    with Spool(tmp_path).take_over_segment() as events:
        assert len(events) == 1


def test_segments_go_as_soon_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 4096)
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend, spool=Spool(tmp_path))
    for _ in range(95):
        recorder.record(event())
    assert recorder.flush(5)
    assert len(list(tmp_path.iterdir())) == 1, "only the segment that is being filled"
    recorder.close()
    assert list(tmp_path.iterdir()) == []
    assert len(written) == 95


def test_what_does_not_fit_into_memory_waits_on_disk(tmp_path: Path) -> None:
    written: list[InvocationEvent] = []
    away = True

    def write(batch: Sequence[InvocationEvent]) -> None:
        if away:
            raise OperationalError("away")
        written.extend(batch)

    recorder = Recorder(write, spool=Spool(tmp_path), capacity=5, drain_seconds=0.05)
    for number in range(20):
        recorder.record(event(f"skill-{number}"))
    recorder.close()
    assert (written, recorder.dropped) == ([], 0)

    away = False
    following = Recorder(write, spool=Spool(tmp_path))
    following.start()
    following.close()
    assert sorted(one.skill for one in written) == sorted(f"skill-{number}" for number in range(20))


def test_full_disk_drops_only_what_memory_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "SEGMENTS_MAX", 0)
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend, spool=Spool(tmp_path))
    recorder.record(event())
    assert recorder.flush(5)
    assert len(written) == 1
    recorder.close()


def test_disk_that_fills_up_is_noticed_before_anything_is_put_there(tmp_path: Path) -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    spool.append(event())
except OSError as error:
    print(error.strerror, list(Path({folder!r}).iterdir()), flush=True)
"""
    assert killed_after(tmp_path, code.format(folder=str(tmp_path))) == "File too large []\n"


def test_answered_calls_survive_sigkill(tmp_path: Path, prepared: Prepared) -> None:
    data = shutil.copytree(prepared.examples, tmp_path / "data")
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hello-world"}}
    answered = 0
    for kill in (True, True, True, False):
        with Server(DAPHNE, data, MCP_REQUIRE_AUTH="false") as server:
            for _ in range(30):
                answered += httpx.post(f"{server.url}/mcp", json=request, timeout=PATIENCE_SECONDS).status_code == 200
            if kill:
                server.stop(signal.SIGKILL)
    assert answered == 120
    with closing(sqlite3.connect(data / "db.sqlite3")) as database:
        count = "select count(*) from invocations_invocation"
        wait_until(lambda: database.execute(count).fetchone() == (120,), lambda: database.execute(count).fetchone())
        counter = database.execute("select invocation_count from invocations_skillcounter").fetchall()
    assert counter == [(120,)]


def test_segment_that_cannot_be_read_does_not_keep_others_from_being_written(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").mkdir()
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend, spool=Spool(tmp_path))
    recorder.record(event())
    assert recorder.flush(5)
    recorder.close()
    assert len(written) == 1
