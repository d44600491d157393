"""A server on PostgreSQL while DynamoDB is away: what was decided is told so, and the database is not blamed."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from .support.aws_world import World
from .support.hanging import HangingProxy, Mode, hanging
from .support.packages import skill_md
from .support.patience import PATIENCE_SECONDS, wait_until
from .support.postgresql_server import PostgresqlServer, postgresql_server  # noqa: F401  # a fixture
from .support.prepared import Prepared
from .support.server import Server

MODES = [Mode.HANG, Mode.HALF, Mode.TRICKLE]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    ministack_url: str,
    postgresql_server: PostgresqlServer,  # noqa: F811
    prepared: Prepared,
) -> World:
    """A live skill for each test, and an operator."""
    folder = tmp_path_factory.mktemp("world") / "data"
    world = World(folder, ministack_url, ministack_url, like=prepared.empty, DATABASE_URL=postgresql_server.url)
    world.manage(world.aws, "migrate", "--no-input")
    world.publish_all(world.aws, [(mode.value, {"SKILL.md": skill_md(mode.value)}) for mode in MODES])
    made = "User.objects.create_superuser('olga', password='olgas-password')"
    world.service(world.aws, f"from django.contrib.auth.models import User; {made}")
    return world


@pytest.fixture
def dynamodb(ministack_url: str) -> Iterator[HangingProxy]:
    with hanging(ministack_url) as proxy:
        yield proxy


@pytest.fixture
def server(world: World, dynamodb: HangingProxy) -> Iterator[Server]:
    with world.server(world.aws, DYNAMODB_ENDPOINT_URL=dynamodb.url()) as server:
        yield server
        dynamodb.mode = Mode.FORWARD


@pytest.fixture
def api(world: World, server: Server) -> Iterator[httpx.Client]:
    secret = world.manage(world.aws, "create_token", "--user", "olga").splitlines()[0]
    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.mark.parametrize("mode", MODES)
def test_deactivation_is_answered_as_decided_however_dynamodb_keeps_one_waiting(
    api: httpx.Client, dynamodb: HangingProxy, mode: Mode
) -> None:
    dynamodb.mode = mode
    answer = api.post(f"skills/{mode.value}/deactivate/", json={"reason": "leaks secrets"})
    assert (answer.status_code, answer.json().get("served")) == (200, "pending"), answer.text
    dynamodb.mode = Mode.FORWARD
    wait_until(lambda: api.get(f"skills/{mode.value}/").json()["served"] == "yes", "it stays pending")
