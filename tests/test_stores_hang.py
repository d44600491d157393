"""S3 and DynamoDB that accept connections and do not answer: calls end in time, and soon nobody waits any more."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from invocations.aws import dynamo as dynamodb
from invocations.aws.guard import FAILURES, PROBE_SECONDS
from invocations.resilience import deadline
from invocations.resilience.breaker import State
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores.base import CallFilter
from invocations.stores.dynamodb import DynamoStore
from skills_registry.store.backends.s3 import S3SkillStorage

from .support.aws_fixtures import Dial, end_probes
from .support.emulators import CREDENTIALS, s3_client
from .support.hanging import HangingProxy, Mode, hanging
from .support.patience import wait_until
from .support.server import free_port

READ_SECONDS = 1
CALL_SECONDS = 3
MARGIN = 15.0
"""What a busy machine adds."""
HANGS = [Mode.HANG, Mode.HALF, Mode.TRICKLE]


@pytest.fixture
def short_timeouts(settings: Any) -> None:
    for service in ("S3", "DYNAMODB"):
        setattr(settings, f"{service}_CONNECT_TIMEOUT_SECONDS", 1)
        setattr(settings, f"{service}_READ_TIMEOUT_SECONDS", READ_SECONDS)
        setattr(settings, f"{service}_CALL_TIMEOUT_SECONDS", CALL_SECONDS)
        setattr(settings, f"{service}_TRIES", 2)


@pytest.fixture
def proxy(ministack_url: str) -> Iterator[HangingProxy]:
    with hanging(ministack_url) as found:
        yield found


@pytest.fixture
def bucket(
    ministack_url: str, proxy: HangingProxy, short_timeouts: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3SkillStorage]:
    """A bucket with one object, behind the proxy."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    name = f"hanging-{uuid.uuid4().hex[:8]}"
    s3_client(ministack_url).create_bucket(Bucket=name)
    storage = S3SkillStorage(bucket_name=name, region_name="us-east-1", endpoint_url=proxy.url())
    storage.save("large", ContentFile(b"x" * 300_000))
    yield storage
    end_probes(storage.guard)


@pytest.fixture
def log(dynamo: DynamoStore, proxy: HangingProxy, dial: Dial, monkeypatch: pytest.MonkeyPatch) -> DynamoStore:
    """An empty log, behind the proxy."""
    monkeypatch.setattr(dynamodb.ConnectionMeta, "connect_timeout_seconds", 1)
    monkeypatch.setattr(dynamodb.ConnectionMeta, "read_timeout_seconds", READ_SECONDS)
    monkeypatch.setattr(dynamodb.ConnectionMeta, "max_retry_attempts", 1)
    monkeypatch.setattr(dynamodb.guard, "_call_seconds", CALL_SECONDS)
    dial(proxy.url())
    assert dynamo.totals(["greeter"])
    return dynamo


def seconds_until_it_fails(call: Callable[[], object]) -> float:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        call()
    return time.monotonic() - began


def operations(storage: S3SkillStorage) -> list[Callable[[], object]]:
    return [
        lambda: storage.open("large").read(),
        lambda: storage.exists("large"),
        lambda: storage.listdir(""),
        lambda: storage.save("new", ContentFile(b"y" * 2_000_000)),
        lambda: storage.update("large", lambda _: b"z"),
        lambda: storage.delete("large"),
        storage.check_access,
    ]


@pytest.mark.parametrize("mode", HANGS)
@pytest.mark.parametrize("number", range(7))
def test_every_call_of_s3_ends_in_time(bucket: S3SkillStorage, proxy: HangingProxy, mode: Mode, number: int) -> None:
    proxy.mode = mode
    assert seconds_until_it_fails(operations(bucket)[number]) < CALL_SECONDS + MARGIN


@pytest.mark.parametrize("mode", [*HANGS, Mode.REFUSE])
def test_s3_that_hangs_is_soon_not_asked_and_comes_back_by_itself(
    bucket: S3SkillStorage, proxy: HangingProxy, mode: Mode
) -> None:
    proxy.mode = mode
    for _ in range(FAILURES):
        seconds_until_it_fails(lambda: bucket.open("large").read())
    assert bucket.guard.breaker.state is State.OPEN
    for call in operations(bucket):
        assert seconds_until_it_fails(call) < CALL_SECONDS - 0.5

    proxy.mode = Mode.FORWARD
    began = time.monotonic()
    wait_until(lambda: bucket.guard.breaker.state is State.CLOSED, within=30)
    assert time.monotonic() - began < 2 * PROBE_SECONDS + MARGIN
    assert len(bucket.open("large").read()) == 300_000


@pytest.mark.parametrize("mode", HANGS)
def test_call_takes_no_longer_than_the_work_that_it_is_part_of(
    bucket: S3SkillStorage, proxy: HangingProxy, mode: Mode
) -> None:
    proxy.mode = mode

    def read() -> None:
        with deadline.within(0.5):
            bucket.open("large").read()

    assert seconds_until_it_fails(read) < 0.5 + MARGIN / 2


def test_nothing_is_asked_once_the_time_is_up(bucket: S3SkillStorage, proxy: HangingProxy) -> None:
    accepted = proxy.accepted
    with deadline.within(0), pytest.raises(StoreUnavailable, match="in time"):
        bucket.exists("large")
    assert (proxy.accepted, bucket.guard.breaker.state) == (accepted, State.CLOSED)


def test_s3_where_nobody_listens_is_soon_not_asked(short_timeouts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    storage = S3SkillStorage(bucket_name="b", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{free_port()}")
    for _ in range(FAILURES):
        seconds_until_it_fails(storage.check_access)
    assert storage.guard.breaker.state is State.OPEN
    end_probes(storage.guard)


def test_refusals_are_answers(bucket: S3SkillStorage) -> None:
    for _ in range(2 * FAILURES):
        with pytest.raises(FileNotFoundError):
            bucket.open("nothing")
    assert bucket.exists("large")


@pytest.mark.parametrize("mode", [*HANGS, Mode.REFUSE])
def test_dynamodb_that_hangs_is_soon_not_asked_and_comes_back_by_itself(
    log: DynamoStore, proxy: HangingProxy, mode: Mode
) -> None:
    asked: list[Callable[[], object]] = [
        lambda: log.totals(["greeter"]),
        lambda: log.calls(CallFilter(skill="greeter"), None, 10),
        lambda: list(log.counters()),
    ]
    proxy.mode = mode
    for call in asked:
        assert seconds_until_it_fails(call) < CALL_SECONDS + MARGIN
    assert dynamodb.guard.breaker.state is State.OPEN
    for call in asked:
        assert seconds_until_it_fails(call) < CALL_SECONDS - 0.5

    proxy.mode = Mode.FORWARD
    began = time.monotonic()
    wait_until(lambda: dynamodb.guard.breaker.state is State.CLOSED, within=30)
    assert time.monotonic() - began < 2 * PROBE_SECONDS + MARGIN
    assert log.totals(["greeter"])
