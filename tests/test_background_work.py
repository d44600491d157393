"""Each background thread and task of the product is killed once, and is seen to go on with its work."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from invocations.models import Invocation
from invocations.recording.recorder import Recorder
from invocations.recording.spool import Spool
from invocations.resilience import supervision
from invocations.stores import get_store
from mcp_gateway import replica_messages
from mcp_gateway.catalog import LiveCatalog
from mcp_gateway.models import GatewayReplica
from mcp_gateway.replica_messages import Listener
from mcp_gateway.replicas import Heartbeat
from mcp_gateway.streams.hub import Hub
from mcpsite import readiness
from mcpsite.console import tasks
from skills_registry.catalog import get_catalog
from skills_registry.catalog.projection_threads import Retrier

from .conftest import publish
from .support.pages import text_of
from .support.patience import PATIENCE_SECONDS, wait_until
from .test_recorder import event


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "RESTART_SECONDS", (0.01, 0.2))


def eventually(condition: Callable[[], bool]) -> None:
    wait_until(condition, every=0.005)


def background() -> str:
    """What /readyz says of it."""
    said = Client().get("/readyz").json()["background"]
    assert isinstance(said, str)
    return said


class Killer:
    """Makes a function fail until it is told to stop, whatever it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, target: Any, name: str) -> None:
        self.met = 0
        self._monkeypatch = monkeypatch
        self._target, self._name = target, name
        self._own = getattr(target, name)
        monkeypatch.setattr(target, name, self._fail)

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        self.met += 1
        raise LookupError("killed")

    def stop(self) -> None:
        self._monkeypatch.setattr(self._target, self._name, self._own)


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], Killer]:
    return lambda target, name: Killer(monkeypatch, target, name)


Kill = Callable[[Any, str], Killer]


@pytest.mark.django_db(transaction=True)
def test_recorder(kill: Kill, browser: Client) -> None:
    publish()
    recorder = Recorder(get_store().write_batch)
    try:
        killer = kill(recorder, "_deliver")
        recorder.record(event("first"))
        eventually(lambda: killer.met >= 2)
        eventually(lambda: "invocation-recorder: failing since " in background())
        assert "invocation-recorder keeps failing in this process (LookupError)" in text_of(browser.get("/admin/"))
        killer.stop()
        recorder.record(event("second"))
        assert recorder.flush(10)
        assert sorted(Invocation.objects.values_list("skill", flat=True)) == ["first", "second"]
        eventually(lambda: "invocation-recorder" not in background())
        assert "invocation-recorder" not in text_of(browser.get("/admin/"))
    finally:
        recorder.close()


@pytest.mark.django_db(transaction=True)
def test_what_was_set_aside_or_lost_is_told(
    browser: Client, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    recorder = Recorder(get_store().write_batch, spool=Spool(tmp_path))
    monkeypatch.setattr(readiness, "recorder", recorder)
    monkeypatch.setattr(tasks, "recorder", recorder)
    (tmp_path / "a.jsonl").write_text("null\n")
    recorder.start()
    recorder.close()
    recorder.dropped = 2
    assert Client().get("/readyz").json()["recording"] == "2 calls were dropped; 1 files are in spool/rejected"
    page = text_of(browser.get("/admin/"))
    assert "2 calls were lost because they could not be logged" in page
    assert "1 file in spool/rejected contains calls that could not be logged" in page


@pytest.mark.django_db(transaction=True)
def test_recorder_that_is_killed_from_outside_whatever_it_does() -> None:
    recorder = Recorder(get_store().write_batch)
    try:
        for number in range(5):
            recorder.record(event(f"skill-{number}"))
            thread = recorder._worker._thread
            assert thread is not None
            assert thread.ident is not None
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
            assert recorder.flush(20)
        assert Invocation.objects.count() == 5
    finally:
        recorder.close()


@pytest.mark.django_db(transaction=True)
def test_heartbeat(kill: Kill, settings: Any) -> None:
    settings.MCP_HEARTBEAT_SECONDS = 1
    catalog = LiveCatalog(get_catalog(), refresh_seconds=0, cache_bytes=0)
    heartbeat = Heartbeat(catalog)
    killer = kill(catalog, "poll")
    heartbeat.start()
    try:
        eventually(lambda: "gateway-heartbeat: failing since " in background())
        killer.stop()
        eventually(GatewayReplica.objects.filter(pk=heartbeat.id).exists)
        eventually(lambda: "gateway-heartbeat" not in background())
    finally:
        heartbeat.stop()
    assert not GatewayReplica.objects.filter(pk=heartbeat.id).exists()


@pytest.mark.django_db(transaction=True)
def test_retries_of_projections(kill: Kill, settings: Any) -> None:
    settings.PROJECTION_RETRY_SECONDS = (0.01, 0.01, 0.01)
    settings.PROJECTION_LOOK_SECONDS = 0.01
    pending = Pending()
    killer = kill(pending, "look")
    Retrier("test", lambda target: pending.look(), lambda target, pk: None).start()
    eventually(lambda: "retries of the test: failing since " in background())
    killer.stop()
    eventually(lambda: pending.looked > 0)
    eventually(lambda: "retries of the test" not in background())
    before = pending.looked
    eventually(lambda: pending.looked > before)


class Pending:
    """Where a retrier looks for work; there is none."""

    def __init__(self) -> None:
        self.looked = 0

    def look(self) -> list[int]:
        """Nothing is pending."""
        self.looked += 1
        return []


@pytest.mark.django_db(transaction=True)
async def test_hub_of_streams(kill: Kill) -> None:
    catalog = LiveCatalog(get_catalog(), refresh_seconds=0, cache_bytes=0)
    hub = Hub()
    await hub.start(catalog)
    killer = kill(catalog, "snapshot")
    hub.wake()
    await until(lambda: failing("stream-hub"))
    killer.stop()
    await until(lambda: not failing("stream-hub"))
    assert hub._task is not None
    hub._task.cancel()


async def test_listener(kill: Kill, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://nowhere.invalid"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    changes: list[None] = []
    listener = Listener(lambda revoked: changes.append(None), lambda uri: None)
    killer = kill(replica_messages, "get_channel_layer")
    listener.start()
    await until(lambda: failing("change-listener"))
    killer.stop()
    await until(lambda: not failing("change-listener") and bool(changes))
    assert listener._task is not None
    listener._task.cancel()


def failing(name: str) -> bool:
    return any(one.name == name and not one.healthy for one in supervision.report())


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
