"""Under steady calls, whatever happens to the server or to DynamoDB: every answered call is logged exactly once.

ENDURANCE=1 does what takes minutes: twenty stops of each kind, DynamoDB away for a minute, and S3, DynamoDB
and Redis hanging in each way for half a minute.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support.emulators import s3_client
from .support.faults import FaultyDynamo, conflict, faulty, lose_answer, throttle
from .support.hanging import HangingProxy, Mode, hanging
from .support.patience import PATIENCE_SECONDS
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import UVICORN, Server, manage
from .test_infrastructure import dynamodb_client, environment, init

LONG = bool(os.environ.get("ENDURANCE"))
STOPS = 20 if LONG else 3
AWAY_SECONDS = 60.0 if LONG else 2.0
HANGS_SECONDS = 30.0 if LONG else 2.0
CALLERS = 3
SETTLES_WITHIN = 180.0 if LONG else 60.0
CALLS_LEFT = 10_000 if LONG else 300
"""Calls that wait when a replica ends with its disk."""
SKILLS = ["hello-world", "calculator"]


class Callers:
    """Threads that call skills all the time; `answered` has the trace ids of the calls that got their answer."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        self.slowest = 0.0
        self.url = ""
        self._changed = threading.Condition()
        self._ended = threading.Event()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Call until the block is left."""
        self._ended.clear()
        threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join(30)

    def wait_for_more(self, calls: int) -> None:
        """Until so many more calls are answered."""
        with self._changed:
            target = len(self.answered) + calls
            while (so_far := len(self.answered)) < target:
                assert self._changed.wait_for(lambda: len(self.answered) > so_far, 30), "calls are no longer answered"

    def _run(self, number: int) -> None:
        with httpx.Client(timeout=PATIENCE_SECONDS) as client:
            while not self._ended.wait(0.005):
                trace = uuid.uuid4().hex
                started = time.monotonic()
                try:
                    answer = self._call(client, SKILLS[number % len(SKILLS)], trace)
                except httpx.TransportError:
                    continue  # the server is down, or went down before it answered
                assert answer["result"]["content"]
                with self._changed:
                    self.answered.append(trace)
                    self.slowest = max(self.slowest, time.monotonic() - started)
                    self._changed.notify_all()

    def _call(self, client: httpx.Client, skill: str, trace: str) -> dict[str, dict[str, object]]:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": skill}}
        headers = {"traceparent": f"00-{trace}-{trace[:16]}-01", "mcp-protocol-version": "2025-11-25"}
        answer = client.post(f"{self.url}/mcp", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        parsed: dict[str, dict[str, object]] = json.loads(answer.text)
        return parsed


class World:
    """A folder with published skills, the settings to serve it, and a way to read its log from outside."""

    def __init__(
        self, data: Path, like: Path, settings: dict[str, str], proxy: FaultyDynamo | HangingProxy | None = None
    ) -> None:
        self.data = shutil.copytree(like, data)
        self.settings = {**settings, "MCP_REQUIRE_AUTH": "false", "LOG_LEVEL": "CRITICAL"}
        self.proxy = proxy

    def import_examples(self) -> None:
        done = manage(self.data, "import_skills", "examples/skills", "--publish", **self.settings)
        assert done.returncode == 0, done.stderr

    def server(self, **settings: str) -> Server:
        return Server(UVICORN, self.data, **self.settings, **settings)

    def lose_disk(self) -> None:
        """What a replica had not written is gone, as with its container."""
        shutil.rmtree(self.data / "spool", ignore_errors=True)

    def handed_over(self) -> int:
        """How many calls wait in the bucket for another replica."""
        if self.proxy is None:
            return 0
        s3, bucket = s3_client(self.settings["DIRECT"]), self.settings["S3_SKILLS_BUCKET"]
        files = s3.list_objects_v2(Bucket=bucket, Prefix="spool/").get("Contents", [])
        found = 0
        for file in files:
            with suppress(s3.exceptions.NoSuchKey):  # taken over meanwhile
                found += s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read().count(b"\n") - 1
        return found

    def counted(self) -> dict[str, int]:
        """The counter of each skill."""
        if self.proxy is None:
            return dict(self._sql("select skill, invocation_count from invocations_skillcounter"))
        items = self._items("DYNAMODB_SKILLS_TABLE")
        return {
            item["skill_id"]["S"]: int(item["invocation_count"]["N"]) for item in items if "invocation_count" in item
        }

    def logged(self) -> list[tuple[str, str]]:
        """Skill and trace id of each row of the log."""
        if self.proxy is None:
            return self._sql("select skill, trace_id from invocations_invocation")
        items = self._items("DYNAMODB_INVOCATION_LOGS_TABLE")
        return [(item["skill_id"]["S"], item["trace_id"]["S"]) for item in items if not _counts_a_month(item)]

    def counted_by_day(self) -> dict[str, int]:
        """The calls of all days of each skill; under "" those of all skills."""
        if self.proxy is None:
            return dict(self._sql("select skill, sum(calls) from invocations_daycount group by skill"))
        counted: Counter[str] = Counter()
        for item in filter(_counts_a_month, self._items("DYNAMODB_INVOCATION_LOGS_TABLE")):
            skill = item["invoked_at"]["S"]
            calls = sum(int(value["N"]) for name, value in item.items() if name.startswith("calls_"))
            counted["" if skill.startswith("#") else skill] += calls
        return dict(counted)

    def _sql(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.data / "db.sqlite3")) as database:
            return database.execute(query).fetchall()

    def _items(self, table: str) -> list[dict[str, dict[str, str]]]:
        client = dynamodb_client(self.settings["DIRECT"])
        pages = client.get_paginator("scan").paginate(TableName=self.settings[table], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def assert_settles(self, server: Server, answered: list[str]) -> None:
        """Every answered call is there once within a while, the counters are the rows, and nothing is left to do."""
        deadline = time.monotonic() + SETTLES_WITHIN
        while (counted := sum(self.counted().values())) < len(answered) or self.handed_over():
            assert time.monotonic() < deadline, f"{counted} of {len(answered)} answered calls are logged"
            time.sleep(0.2)
        server.stop()
        assert list(self.data.glob("spool/*")) == []
        rows = self.logged()
        traces = Counter(trace for _, trace in rows)
        assert set(traces.values()) == {1}, "a call is logged twice"
        assert set(answered) <= set(traces)
        by_skill = Counter(skill for skill, _ in rows)
        assert self.counted() == by_skill
        assert self.counted_by_day() == {**by_skill, "": len(rows)}


def _counts_a_month(item: dict[str, dict[str, str]]) -> bool:
    """The log's table holds the counts by day, too."""
    return item["skill_id"]["S"].startswith("#")


def lose(proxy: FaultyDynamo, *, hangs: bool) -> None:
    """DynamoDB refuses, or takes what is asked and never answers."""
    if hangs:
        proxy.answers.clear()
    else:
        proxy.away = True


def bring_back(proxy: FaultyDynamo) -> None:
    """It answers again."""
    proxy.away = False
    proxy.answers.set()


@pytest.fixture
def local(tmp_path: Path, prepared: Prepared) -> World:
    return World(tmp_path / "data", prepared.examples, {})


@pytest.fixture
def on_aws(tmp_path: Path, ministack_url: str, prepared: Prepared) -> Iterator[World]:
    suffix = uuid.uuid4().hex[:8]
    names = {
        "S3_SKILLS_BUCKET": f"bucket-{suffix}",
        "DYNAMODB_SKILLS_TABLE": f"skills-{suffix}",
        "DYNAMODB_INVOCATION_LOGS_TABLE": f"logs-{suffix}",
    }
    assert init(ministack_url, ministack_url, **names).returncode == 0
    with faulty(ministack_url) as proxy:
        settings = environment(ministack_url, proxy.url, DIRECT=ministack_url, **names)
        world = World(tmp_path / "data", prepared.empty, settings, proxy)
        world.import_examples()
        yield world


@pytest.fixture(params=["local", pytest.param("on_aws", marks=pytest.mark.aws)])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_server_is_stopped_again_and_again(world: World, how: signal.Signals) -> None:
    callers = Callers()
    for number in range(STOPS + 1):
        with world.server() as server:
            callers.url = server.url
            if number == STOPS:
                world.assert_settles(server, callers.answered)
                break
            with callers.calling():
                callers.wait_for_more(random.randint(1, 150))  # not a secret
                server.stop(how)
    assert len(callers.answered) >= STOPS


@pytest.mark.parametrize("hangs", [False, True])
def test_dynamodb_is_away_for_a_while(on_aws: World, hangs: bool) -> None:
    assert isinstance(on_aws.proxy, FaultyDynamo)
    callers = Callers()
    with on_aws.server() as server:
        callers.url = server.url
        with callers.calling():
            callers.wait_for_more(50)
            lose(on_aws.proxy, hangs=hangs)
            ends = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < ends:
                callers.wait_for_more(10)
            bring_back(on_aws.proxy)
            callers.wait_for_more(50)
        on_aws.assert_settles(server, callers.answered)
    assert callers.slowest < 5, "no call waits for DynamoDB"


@pytest.mark.parametrize("hangs", [False, True])
def test_replica_ends_with_its_disk_while_dynamodb_is_away(on_aws: World, hangs: bool) -> None:
    assert isinstance(on_aws.proxy, FaultyDynamo)
    callers = Callers()
    with on_aws.server() as server:
        callers.url = server.url
        with callers.calling():
            callers.wait_for_more(50)
            lose(on_aws.proxy, hangs=hangs)
            callers.wait_for_more(CALLS_LEFT)
        server.stop()  # it fails where that takes longer than was promised
    on_aws.lose_disk()
    bring_back(on_aws.proxy)
    with on_aws.server() as another:
        on_aws.assert_settles(another, callers.answered)


def test_replica_is_killed_with_its_disk_while_dynamodb_is_away(on_aws: World) -> None:
    assert isinstance(on_aws.proxy, FaultyDynamo)
    callers = Callers()
    with on_aws.server(INVOCATION_HANDOVER_SECONDS="1") as server:
        callers.url = server.url
        with callers.calling():
            callers.wait_for_more(50)
            on_aws.proxy.away = True
            callers.wait_for_more(CALLS_LEFT)
            safe = len(callers.answered)
            deadline = time.monotonic() + SETTLES_WITHIN
            while on_aws.handed_over() + sum(on_aws.counted().values()) < safe:
                assert time.monotonic() < deadline, "what waits for longer than that is not handed over"
                time.sleep(0.2)
            server.stop(signal.SIGKILL)
    on_aws.lose_disk()
    on_aws.proxy.away = False
    with on_aws.server() as another:
        on_aws.assert_settles(another, callers.answered[:safe])


def test_half_of_the_writes_fail_in_every_way(on_aws: World) -> None:
    assert isinstance(on_aws.proxy, FaultyDynamo)
    faults = [throttle, None, conflict, None, lose_answer, None]
    on_aws.proxy.faults["TransactWriteItems"] = itertools.cycle(faults)
    callers = Callers()
    with on_aws.server() as server:
        callers.url = server.url
        with callers.calling():
            callers.wait_for_more(600 if not LONG else 6000)
        on_aws.assert_settles(server, callers.answered)
    assert on_aws.proxy.asked["TransactWriteItems"] >= len(faults), "each fault was met"


@pytest.mark.aws
@pytest.mark.parametrize("mode", [Mode.HANG, Mode.HALF, Mode.TRICKLE] if LONG else [Mode.HANG])
def test_each_server_hangs_for_a_while_under_calls(
    tmp_path: Path, ministack_url: str, prepared: Prepared, mode: Mode
) -> None:
    suffix = uuid.uuid4().hex[:8]
    names = {
        "S3_SKILLS_BUCKET": f"bucket-{suffix}",
        "DYNAMODB_SKILLS_TABLE": f"skills-{suffix}",
        "DYNAMODB_INVOCATION_LOGS_TABLE": f"logs-{suffix}",
    }
    assert init(ministack_url, ministack_url, **names).returncode == 0
    with (
        redis_server(tmp_path) as redis_url,
        hanging(ministack_url) as s3,
        hanging(ministack_url) as dynamodb,
        hanging(redis_url) as redis,
    ):
        shared = {"REDIS_URL": redis.url("redis"), "RATE_LIMIT_PER_MINUTE": "1000000", "DIRECT": ministack_url}
        settings = environment(s3.url(), dynamodb.url(), **shared, **names)
        world = World(tmp_path / "data", prepared.empty, settings, dynamodb)
        world.import_examples()
        callers = Callers()
        with world.server() as server:
            callers.url = server.url
            with callers.calling():
                callers.wait_for_more(50)
                for proxies in ([s3], [dynamodb], [redis], [s3, dynamodb, redis]):
                    _let_hang(proxies, mode, callers)
            world.assert_settles(server, callers.answered)
    assert callers.slowest < 5, "no call waits for what hangs"


def _let_hang(proxies: list[HangingProxy], mode: Mode, callers: Callers) -> None:
    for proxy in proxies:
        proxy.mode = mode
    ends = time.monotonic() + HANGS_SECONDS
    while time.monotonic() < ends:
        callers.wait_for_more(10)
    for proxy in proxies:
        proxy.mode = Mode.FORWARD
    callers.wait_for_more(50)
