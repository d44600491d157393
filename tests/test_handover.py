"""Calls that DynamoDB does not take are left in the bucket, and logged once by whichever replica gets to it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError

from invocations.events import InvocationEvent
from invocations.models import Invocation, SkillCounter
from invocations.recording import recorder as recorder_module
from invocations.recording.handover import Handover, HandoverWorker
from invocations.recording.recorder import Recorder
from invocations.recording.spool import Spool
from invocations.recording.spool_lines import encode_file
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores import get_store

from .support.patience import PATIENCE_SECONDS
from .support.threads import at_once
from .test_recorder import event


class Bucket(FileSystemStorage):
    """A folder in place of the bucket; `away` makes it refuse what is put there, `hangs` lets that wait."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "spool").mkdir(parents=True)
        self.folder = folder / "spool"
        self.away = False
        self.hangs: threading.Event | None = None

    def _save(self, name: str, content: Any) -> str:
        if self.away:
            raise StoreUnavailable("S3 is away")
        if self.hangs is not None:
            self.hangs.wait(30)
        saved: str = super()._save(name, content)  # type: ignore[misc]  # a method for subclasses
        return saved


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "bucket")


@pytest.fixture
def handover(bucket: Bucket) -> Handover:
    return Handover(lambda: bucket)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "own"


def away(events: Sequence[InvocationEvent]) -> None:
    raise OperationalError("away")


def names(handover: Handover) -> list[str]:
    """Of the skills in the calls that wait in the bucket."""
    found: list[str] = []
    for name in handover.waiting():
        with handover._storage().open(f"spool/{name}") as file:
            found += [line.split(b'"')[1].decode() for line in file.read().splitlines()[1:]]
    return sorted(found)


@pytest.mark.django_db(transaction=True)
def test_calls_of_a_replica_that_ends_during_an_outage_are_logged_once_by_others(
    handover: Handover, folder: Path
) -> None:
    recorder = Recorder(away, spool=Spool(folder), handover=handover, drain_seconds=4)
    for number in range(2500):
        recorder.record(event(f"skill-{number % 3}"))
    recorder.close()
    assert list(folder.iterdir()) == []
    assert len(names(handover)) == 2500

    at_once(lambda number: handover.take_over(get_store().write_batch), range(4))
    assert handover.waiting() == []
    assert Invocation.objects.count() == 2500
    assert sum(SkillCounter.objects.values_list("invocation_count", flat=True)) == 2500


@pytest.mark.django_db
def test_file_that_is_taken_twice_counts_once(handover: Handover, bucket: Bucket) -> None:
    events = [event() for _ in range(5)]
    for _ in range(2):
        handover.put(events)
        handover.put(events[2:])
    assert handover.take_over(get_store().write_batch) == 16
    assert SkillCounter.objects.get().invocation_count == Invocation.objects.count() == 5


def test_write_that_hangs_leaves_the_time_to_hand_over(handover: Handover, folder: Path) -> None:
    hanging, released = threading.Event(), threading.Event()

    def hang(events: Sequence[InvocationEvent]) -> None:
        hanging.set()
        released.wait(30)
        raise OperationalError("away")

    recorder = Recorder(hang, spool=Spool(folder), handover=handover, drain_seconds=1)
    recorder.record(event("in flight"))
    assert hanging.wait(5)
    recorder.record(event("queued"))
    started = time.monotonic()
    recorder.close()
    assert time.monotonic() - started < 5
    assert names(handover) == ["in flight", "queued"]
    released.set()


def test_write_of_a_file_of_others_that_hangs_is_handed_over_too(handover: Handover, folder: Path) -> None:
    hanging, released = threading.Event(), threading.Event()
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(encode_file([event("of others")]))

    def hang(events: Sequence[InvocationEvent]) -> None:
        hanging.set()
        released.wait(30)

    recorder = Recorder(hang, spool=Spool(folder), handover=handover, drain_seconds=1)
    recorder.start()
    assert hanging.wait(5)
    recorder.record(event("mine"))
    recorder.close()
    assert names(handover) == ["mine", "of others"]
    released.set()


def test_what_is_on_disk_alone_is_handed_over_too(handover: Handover, folder: Path) -> None:
    recorder = Recorder(away, spool=Spool(folder), handover=handover, capacity=5, drain_seconds=1)
    expected = [f"skill-{number:02}" for number in range(20)]
    for name in expected:
        recorder.record(event(name))
    recorder.close()
    assert sorted(set(names(handover))) == expected
    assert list(folder.iterdir()) == []


def test_what_is_in_memory_alone_is_handed_over_too(handover: Handover, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorder = Recorder(away, spool=Spool(tmp_path / "file"), handover=handover, drain_seconds=1)
    recorder.record(event("greeter"))
    recorder.close()
    assert names(handover) == ["greeter"]


def test_long_outage_is_handed_over_every_so_often(
    handover: Handover, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "RETRY_SECONDS", (0.01,))
    recorder = Recorder(away, spool=Spool(folder), handover=handover, handover_seconds=0.1, capacity=5)
    expected: list[str] = []
    for round_ in range(3):
        for number in range(8):
            expected.append(f"skill-{round_}-{number}")
            recorder.record(event(expected[-1]))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while sorted(set(names(handover))) != expected:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert recorder.dropped == 0
    recorder.close()


def test_outage_of_the_bucket_as_well_leaves_calls_on_disk(
    handover: Handover, bucket: Bucket, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.away = True
    recorder = Recorder(away, spool=Spool(folder), handover=handover, drain_seconds=0.2)
    for _ in range(3):
        recorder.record(event())
    recorder.close()
    assert "handing calls over" in caplog.text
    assert "stopped with 3 calls not in the log yet" in caplog.text
    with Spool(folder).take_over_segment() as events:
        assert len(events) == 3


def test_bucket_that_hangs_as_well_does_not_hold_up_the_end(handover: Handover, bucket: Bucket, folder: Path) -> None:
    bucket.hangs = threading.Event()
    recorder = Recorder(away, spool=Spool(folder), handover=handover, drain_seconds=0.4)
    recorder.record(event())
    started = time.monotonic()
    recorder.close()
    assert time.monotonic() - started < 5
    assert len(list(folder.iterdir())) == 1
    bucket.hangs.set()


def test_store_that_comes_back_before_the_end_gets_everything(folder: Path) -> None:
    written: list[InvocationEvent] = []
    came_back = threading.Event()

    def write(events: Sequence[InvocationEvent]) -> None:
        if not came_back.is_set():
            raise OperationalError("away")
        written.extend(events)

    recorder = Recorder(write, spool=Spool(folder), drain_seconds=30)
    for _ in range(3000):
        recorder.record(event())
    assert not recorder.flush(2.5), "by now it waits for seconds between two tries"
    threading.Timer(2, came_back.set).start()
    recorder.close()
    assert len(written) == 3000
    assert list(folder.iterdir()) == []


@pytest.mark.django_db
def test_what_is_no_call_in_the_bucket_is_set_aside_there(handover: Handover, bucket: Bucket) -> None:
    bucket.save("spool/a.jsonl", ContentFile(encode_file([event()]) + b"null\n5\n"))
    assert handover.take_over(get_store().write_batch) == 1
    assert [path.name for path in bucket.folder.iterdir()] == ["rejected"]
    assert (bucket.folder / "rejected" / "a.jsonl").read_text().count("\n") == 2


@pytest.mark.django_db(transaction=True)
def test_taker_waits_until_the_store_is_back(handover: Handover, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    back = threading.Event()

    def write(events: Sequence[InvocationEvent]) -> None:
        if not back.is_set():
            raise OSError("DynamoDB is away")
        get_store().write_batch(events)

    handover.put([event()])
    taker = HandoverWorker(handover, write, seconds=0.01)
    taker.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "cannot take over calls" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    back.set()
    while handover.waiting():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    taker.stop(5)
    assert Invocation.objects.count() == 1
