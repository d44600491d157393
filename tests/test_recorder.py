"""The recorder: nothing lost, nothing twice, nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from invocations.events import InvocationEvent
from invocations.models import Invocation, SkillCounter
from invocations.recording import recorder as recorder_module
from invocations.recording.recorder import Recorder
from invocations.stores import get_store

from .support.threads import at_once


def event(skill: str = "greeter", status: str = "success", **fields: object) -> InvocationEvent:
    given = {"method": "tools/call", "invoked_at": datetime.now(UTC), "duration_ms": 1.5, **fields}
    return InvocationEvent(skill=skill, status=status, **given)  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_rows_and_counters_agree_when_many_threads_record() -> None:
    recorder = Recorder(get_store().write_batch)

    def record(number: int) -> None:
        for step in range(100):
            recorder.record(event(f"skill-{step % 3}", "error" if step % 10 == 0 else "success"))

    at_once(record, range(8))
    recorder.close()

    assert recorder.dropped == 0
    assert Invocation.objects.count() == 800
    for counter in SkillCounter.objects.all():
        rows = Invocation.objects.filter(skill=counter.skill)
        newest = rows.first()
        assert newest is not None
        assert counter.invocation_count == rows.count()
        assert counter.error_count == rows.filter(status="error").count()
        assert counter.last_invoked_at == newest.invoked_at


@pytest.mark.django_db
def test_batch_written_twice_counts_once() -> None:
    batch = [event(), event()]
    get_store().write_batch(batch)
    get_store().write_batch(batch)

    assert Invocation.objects.count() == 2
    assert SkillCounter.objects.get().invocation_count == 2


@pytest.mark.django_db
def test_oversized_and_odd_texts_are_made_to_fit() -> None:
    get_store().write_batch([event("x" * 300, error_message="é\0" * 600, client="c" * 500)])

    row = Invocation.objects.get()
    assert (len(row.skill), len(row.error_message), len(row.client)) == (64, 500, 200)
    assert "\0" not in row.error_message
    assert SkillCounter.objects.get().skill == row.skill


def test_record_returns_while_the_store_hangs() -> None:
    hanging, released = threading.Event(), threading.Event()

    def write(batch: Sequence[InvocationEvent]) -> None:
        hanging.set()
        assert released.wait(10)

    recorder = Recorder(write)
    recorder.record(event())
    assert hanging.wait(5)
    recorder.record(event())  # would never come back if it waited for the store
    released.set()
    assert recorder.flush(5)


def test_outage_is_sat_out_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "RETRY_SECONDS", (0.001,))
    written: list[str] = []
    failures = iter([OperationalError("away")] * 3)

    def write(batch: Sequence[InvocationEvent]) -> None:
        for failure in failures:
            raise failure
        written.extend(one.skill for one in batch)

    recorder = Recorder(write)
    for name in "abc":
        recorder.record(event(name))
    assert recorder.flush(5)
    assert written == ["a", "b", "c"]


def test_one_bad_event_does_not_take_the_others_with_it() -> None:
    written: list[str] = []

    def write(batch: Sequence[InvocationEvent]) -> None:
        if any(one.skill == "bad" for one in batch):
            raise ValueError("cannot be stored")
        written.extend(one.skill for one in batch)

    recorder = Recorder(write)
    for name in ("a", "bad", "b"):
        recorder.record(event(name))
    assert recorder.flush(5)
    assert (written, recorder.dropped) == (["a", "b"], 1)
    recorder.record(event("c"))
    assert recorder.flush(5)
    assert written == ["a", "b", "c"]


def test_full_hand_over_drops_and_counts() -> None:
    released = threading.Event()

    def write(batch: Sequence[InvocationEvent]) -> None:
        assert released.wait(10)

    recorder = Recorder(write, capacity=5)
    for _ in range(8):
        recorder.record(event())
    assert recorder.dropped == 3
    released.set()
    assert recorder.flush(5)


def test_close_writes_what_is_left_and_may_be_called_again() -> None:
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend)
    for _ in range(250):
        recorder.record(event())
    recorder.close()
    assert len(written) == 250
    recorder.close()


def test_close_gives_up_after_its_time_when_the_store_stays_away() -> None:
    def write(batch: Sequence[InvocationEvent]) -> None:
        raise OperationalError("away")

    recorder = Recorder(write, drain_seconds=0.05)
    recorder.record(event())
    recorder.close()
    assert not recorder.flush(0)


def test_recorder_goes_on_after_a_close() -> None:
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend)
    recorder.record(event())
    recorder.close()
    recorder.record(event())
    assert recorder.flush(5)
    assert len(written) == 2
