"""Fixtures with S3 and DynamoDB servers; tests that use them get the marker `aws`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from invocations.aws.dynamo import ConnectionMeta, connection, guard
from invocations.aws.guard import Guard
from invocations.stores.tables import CallItem, CounterItem, MonthItem
from skills_registry.catalog.tables import HeadItem, SkillItem

from .emulators import CREDENTIALS, dynamodb_local, ministack, seaweedfs
from .patience import wait_until

SERVERS = {"ministack_url", "seaweedfs_url", "dynamodb_url", "s3_url", "on_aws"}
ENGINES = ["ministack", "dynamodb-local"] if os.environ.get("DYNAMODB_LOCAL_HOME") else ["ministack"]
"""Engines. Amazon's own requires accepting its licence: DYNAMODB_LOCAL_HOME is the folder with its jar."""
Dial = Callable[[str], None]


def mark_aws(items: list[pytest.Function]) -> None:
    """Mark the tests that use one of the servers."""
    for item in items:
        if SERVERS & set(item.fixturenames):
            item.add_marker(pytest.mark.aws)


@pytest.fixture(scope="session")
def ministack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of MiniStack, which serves S3 and DynamoDB."""
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="session")
def seaweedfs_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of SeaweedFS, which serves S3."""
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@pytest.fixture(scope="session", params=["ministack", "seaweedfs"])
def s3_url(request: pytest.FixtureRequest) -> str:
    """URL of each S3 server in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def dynamodb_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """A function that returns the URL of one of ENGINES and starts it on first use."""
    with ExitStack() as stack:

        @cache
        def url(engine: str) -> str:
            if engine == "ministack":
                return str(request.getfixturevalue("ministack_url"))
            return stack.enter_context(dynamodb_local(tmp_path_factory.mktemp("dynamodb-local")))

        yield url


@pytest.fixture(scope="session", params=ENGINES)
def dynamodb_url(request: pytest.FixtureRequest, dynamodb_engine: Callable[[str], str]) -> str:
    """URL of each DynamoDB server in turn."""
    return dynamodb_engine(request.param)


def end_probes(guard: Guard) -> None:
    """Close the breaker and wait for the probe thread to end, so that it does not affect other tests."""
    name = f"probe-{guard._service}"

    def is_over() -> bool:
        guard.breaker.record_success()  # each time: a probe under way may still fail
        return all(thread.name != name for thread in threading.enumerate())

    probe, guard._probe = guard._probe, lambda: None
    try:
        wait_until(is_over, f"{name} does not end")
    finally:
        guard._probe = probe


@pytest.fixture
def dial(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dial]:
    """A function that points the product's tables at a URL."""
    for name, value in {**CREDENTIALS, "aws_default_region": "us-east-1"}.items():
        monkeypatch.setenv(name.upper(), value)

    def dial(url: str) -> None:
        for model in (CallItem, CounterItem, MonthItem, SkillItem, HeadItem):
            monkeypatch.setattr(model.Meta, "host", url)
            monkeypatch.setattr(model, "_connection", None)
        monkeypatch.setattr(SkillItem.status_index, "_model", SkillItem, raising=False)
        monkeypatch.setattr(ConnectionMeta, "host", url)
        connection.cache_clear()
        guard.breaker.record_success()

    yield dial
    end_probes(guard)
    connection.cache_clear()
