"""Two replicas on one bucket, tables and database: what happens on one is soon so on the other."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from skills_registry.catalog.tables import fingerprint

from .aws_world import World, ask, served
from .packages import skill_md
from .redis_server import redis_server
from .server import Server, free_port
from .threads import at_once


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ministack_url: str) -> World:
    """Ten versions of one skill, and an operator."""
    world = World(tmp_path_factory.mktemp("world") / "data", ministack_url, ministack_url)
    texts = [{"SKILL.md": skill_md(body=f"this is {number}.")} for number in range(1, 11)]
    world.publish_all(world.aws, [("greeter", text) for text in texts])
    world.service(
        world.aws,
        "from django.contrib.auth.models import User; User.objects.create_superuser('olga', password='olgas-password')",
    )
    return world


def token(world: World) -> str:
    return world.manage(world.aws, "create_token", "--user", "olga").splitlines()[0]


class Operator:
    """Publishes through the API of one replica."""

    def __init__(self, server: Server, secret: str) -> None:
        self.url = f"{server.url}/api/v1/skills/greeter"
        self.headers = {"authorization": f"Bearer {secret}"}

    def publish(self, number: int) -> httpx.Response:
        return httpx.post(f"{self.url}/publish/", json={"version": number}, headers=self.headers, timeout=60)

    def rollback(self) -> httpx.Response:
        return httpx.post(f"{self.url}/rollback/", json={}, headers=self.headers, timeout=60)


def text(server: Server) -> str:
    return str(ask(server, "resources/read", uri="skill://greeter/SKILL.md")["contents"][0]["text"])


def seconds_until(server: Server, expected: str, limit: float) -> float:
    """How long it takes until a replica serves this text."""
    began = time.monotonic()
    while expected not in text(server):
        assert time.monotonic() < began + limit, f"{expected!r} is not served after {limit} s"
    return time.monotonic() - began


def test_fifty_publishes_and_rollbacks_through_two_replicas_leave_everything_in_agreement(world: World) -> None:
    secret = token(world)
    with world.server(world.aws) as one, world.server(world.aws) as two:
        operators = [Operator(one, secret), Operator(two, secret)]

        def change(step: int) -> int:
            operator = operators[step % 2]
            answer = operator.rollback() if step % 5 == 0 else operator.publish(random.randint(1, 10))
            return answer.status_code

        statuses = Counter(at_once(change, range(50)))
        assert set(statuses) <= {200, 409}, statuses
        assert statuses[200] >= 10

        deadline = time.monotonic() + 30
        pending = "print(Skill.objects.pending().count())"
        while world.service(world.aws, pending).strip() != "0":
            assert time.monotonic() < deadline, "a projection stays pending"
        state = "skill = Skill.objects.get(); print(skill.live_version.label, skill.generation)"
        live, generation = world.service(world.aws, state).split()

        latest = json.loads(world.s3.get_object(Bucket=world.bucket, Key="skills/greeter/latest.json")["Body"].read())
        assert (latest["version"], latest["generation"]) == (live, int(generation))
        items = {
            item["skill_id"]["S"]: item
            for item in world.dynamodb.scan(TableName=world.tables["DYNAMODB_SKILLS_TABLE"])["Items"]
        }
        assert items["greeter"]["version"]["S"] == live
        assert items["greeter"]["generation"]["N"] == generation
        assert items["_head"]["checksum"]["N"] == str(fingerprint("greeter", int(generation)))
        assert items["_head"]["live"]["N"] == "1"
        assert "0 differences" in world.manage(world.aws, "verify_storage")
        deadline = time.monotonic() + 5
        while served(one) != served(two):
            assert time.monotonic() < deadline


def test_publish_on_one_replica_is_served_by_the_other_within_a_second_by_polling(world: World) -> None:
    secret = token(world)
    with world.server(world.aws) as one, world.server(world.aws) as two:
        operator = Operator(one, secret)
        operator.publish(2)  # which may be live already, as any may after what others did with this world; then not 5
        for number in (5, 7, 2):
            assert operator.publish(number).status_code == 200
            assert seconds_until(two, f"this is {number}.", 10) < 1


def test_publish_on_one_replica_is_served_by_the_other_at_once_with_redis(world: World, tmp_path: Path) -> None:
    secret = token(world)
    with redis_server(tmp_path) as url:
        settings = {"REDIS_URL": url, "MCP_REFRESH_MILLISECONDS": "600000"}
        with world.server(world.aws, **settings) as one, world.server(world.aws, **settings) as two:
            operator = Operator(one, secret)
            text(two)
            times = []
            for number in (4, 8, 1, 9, 6):
                assert operator.publish(number).status_code == 200
                times.append(seconds_until(two, f"this is {number}.", 10))
            assert sorted(times)[2] < 0.2, times

            world.publish(world.aws | settings, "greeter", "from a command")
            seconds_until(two, "from a command", 10)


def test_redis_that_goes_away_costs_only_the_speed(world: World, tmp_path: Path) -> None:
    secret = token(world)
    port = free_port()
    settings = {"REDIS_URL": f"redis://127.0.0.1:{port}"}
    with world.server(world.aws, **settings) as one, world.server(world.aws, **settings) as two:
        operator = Operator(one, secret)
        for number in (5, 7):
            began = time.monotonic()
            assert operator.publish(number).status_code == 200
            assert time.monotonic() - began < 2, "publishing does not wait for Redis"
            assert seconds_until(two, f"this is {number}.", 10) < 2
        with redis_server(tmp_path, port):
            assert operator.publish(2).status_code == 200
            assert seconds_until(two, "this is 2.", 10) < 2
        assert operator.publish(3).status_code == 200
        assert seconds_until(two, "this is 3.", 10) < 2
