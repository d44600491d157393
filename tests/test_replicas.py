"""Two replicas on one bucket, tables and database: what happens on one is soon so on the other."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import httpx
import pytest

from skills_registry.catalog.tables import fingerprint

from .support.aws_world import World, ask, served
from .support.hanging import Mode, hanging
from .support.packages import skill_md
from .support.patience import PATIENCE_SECONDS, wait_until
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import Server, free_port
from .support.threads import at_once


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ministack_url: str, prepared: Prepared) -> World:
    """Ten versions of one skill, and an operator."""
    world = World(tmp_path_factory.mktemp("world") / "data", ministack_url, ministack_url, like=prepared.operated)
    texts = [{"SKILL.md": skill_md(body=f"this is {number}.")} for number in range(1, 11)]
    world.publish_all(world.aws, [("greeter", text) for text in texts])
    return world


class Operator:
    """Publishes through the API of one replica."""

    def __init__(self, server: Server, secret: str) -> None:
        self.url = f"{server.url}/api/v1/skills/greeter"
        self.headers = {"authorization": f"Bearer {secret}"}

    def publish(self, number: int) -> httpx.Response:
        return httpx.post(
            f"{self.url}/publish/", json={"version": number}, headers=self.headers, timeout=PATIENCE_SECONDS
        )

    def rollback(self) -> httpx.Response:
        return httpx.post(f"{self.url}/rollback/", json={}, headers=self.headers, timeout=PATIENCE_SECONDS)


def text(server: Server) -> str:
    return str(ask(server, "resources/read", uri="skill://greeter/SKILL.md")["contents"][0]["text"])


def wait_until_served(server: Server, expected: str) -> None:
    """Until a replica serves this text."""
    wait_until(lambda: expected in text(server), f"{expected!r} is not served")


def test_fifty_publishes_and_rollbacks_through_two_replicas_leave_everything_in_agreement(
    world: World, prepared: Prepared
) -> None:
    with world.server(world.aws) as one, world.server(world.aws) as two:
        operators = [Operator(one, prepared.token), Operator(two, prepared.token)]

        def change(step: int) -> int:
            operator = operators[step % 2]
            answer = operator.rollback() if step % 5 == 0 else operator.publish(random.randint(1, 10))
            return answer.status_code

        statuses = Counter(at_once(change, range(50)))
        assert set(statuses) <= {200, 409}, statuses
        assert statuses[200] >= 10

        pending = "print(Skill.objects.pending().count())"
        wait_until(lambda: world.service(world.aws, pending).strip() == "0", "a projection stays pending")
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
        wait_until(lambda: served(one) == served(two), "the replicas serve different versions")


def test_publish_on_one_replica_is_served_by_the_other_by_polling(world: World, prepared: Prepared) -> None:
    with world.server(world.aws) as one, world.server(world.aws) as two:
        operator = Operator(one, prepared.token)
        operator.publish(2)  # which may be live already, as any may after what others did with this world; then not 5
        for number in (5, 7, 2):
            assert operator.publish(number).status_code == 200
            wait_until_served(two, f"this is {number}.")


def test_publish_on_one_replica_is_served_by_the_other_at_once_with_redis(
    world: World, prepared: Prepared, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as url:
        settings = {"REDIS_URL": url, "MCP_REFRESH_MILLISECONDS": "600000"}
        with world.server(world.aws, **settings) as one, world.server(world.aws, **settings) as two:
            operator = Operator(one, prepared.token)
            text(two)
            for number in (4, 8, 1, 9, 6):
                assert operator.publish(number).status_code == 200
                wait_until_served(two, f"this is {number}.")

            world.publish(world.aws | settings, "greeter", "from a command")
            wait_until_served(two, "from a command")


def test_redis_that_goes_away_costs_only_the_speed(world: World, prepared: Prepared, tmp_path: Path) -> None:
    port = free_port()
    settings = {"REDIS_URL": f"redis://127.0.0.1:{port}"}
    with world.server(world.aws, **settings) as one, world.server(world.aws, **settings) as two:
        operator = Operator(one, prepared.token)
        for number in (5, 7):
            assert operator.publish(number).status_code == 200
            wait_until_served(two, f"this is {number}.")
        with redis_server(tmp_path, port):
            assert operator.publish(2).status_code == 200
            wait_until_served(two, "this is 2.")
        assert operator.publish(3).status_code == 200
        wait_until_served(two, "this is 3.")


def test_replica_whose_connection_to_redis_died_without_a_word_hears_of_changes_again(
    world: World, tmp_path: Path, prepared: Prepared
) -> None:
    deaf = {"MCP_REFRESH_MILLISECONDS": "600000", "MCP_HEARTBEAT_SECONDS": "0"}  # no change is found but by word of it
    with redis_server(tmp_path) as url, hanging(url) as proxy:
        settings = {**deaf, "REDIS_URL": proxy.url("redis")}
        with world.server(world.aws, REDIS_URL=url) as one, world.server(world.aws, **settings) as two:
            operator = Operator(one, prepared.token)
            assert operator.publish(4).status_code == 200
            wait_until_served(two, "this is 4.")
            proxy.mode = Mode.HANG
            assert operator.publish(8).status_code == 200
            wait_until(lambda: proxy.held > 0, "nothing was sent to the other replica")
            proxy.mode = Mode.FORWARD  # for new connections; what has hung stays so, and is not closed either
            wait_until_served(two, "this is 8.")
            assert operator.publish(1).status_code == 200
            wait_until_served(two, "this is 1.")
