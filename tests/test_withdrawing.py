"""The emergency stop: what is deactivated is served no longer, whatever else is broken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .support.aws_world import World, ask
from .support.outages import HANGING, OUTAGES, REFUSING, UP, Door, door
from .support.patience import wait_until
from .support.prepared import Prepared
from .support.server import UVICORN, Server

STOPS_WITHIN = 60.0
"""Seconds from a deactivation to the moment when no gateway serves the skill."""
RECOVERS_WITHIN = 60.0
"""Seconds after the table is back."""
SKILLS = [f"skill-{number}" for number in range(8)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ministack_url: str, prepared: Prepared) -> World:
    """Some live skills, an operator, and a version of each skill besides the one that is live."""
    world = World(tmp_path_factory.mktemp("world") / "data", ministack_url, ministack_url, like=prepared.operated)
    for body in ("first", "second"):
        world.publish_all(world.aws, [(name, {"SKILL.md": skill_text(name, body)}) for name in SKILLS])
    return world


def skill_text(name: str, body: str) -> str:
    return f"---\nname: {name}\ndescription: Does things. Use it for tests.\n---\nThis is the {body} text.\n"


class Doors:
    """What the servers reach S3 and DynamoDB by."""

    def __init__(self, s3: Door, dynamodb: Door) -> None:
        self.s3, self.dynamodb = s3, dynamodb
        self.settings = {"S3_ENDPOINT_URL": s3.url, "DYNAMODB_ENDPOINT_URL": dynamodb.url}


@pytest.fixture(scope="module")
def doors(ministack_url: str) -> Iterator[Doors]:
    with door(ministack_url) as s3, door(ministack_url) as dynamodb:
        yield Doors(s3, dynamodb)


@pytest.fixture(scope="module")
def replicas(world: World, doors: Doors) -> Iterator[tuple[Server, Server]]:
    """One replica for operators, one for agents."""
    settings = {**world.aws, **doors.settings}
    with world.server(settings) as one, world.server(settings) as two:
        yield one, two


@pytest.fixture(autouse=True)
def all_up(doors: Doors) -> Iterator[None]:
    """A test leaves nothing shut."""
    yield
    doors.s3.state = doors.dynamodb.state = UP


@pytest.fixture
def name(taken: Iterator[str]) -> str:
    """A live skill of the test's own."""
    return next(taken)


@pytest.fixture(scope="module")
def taken() -> Iterator[str]:
    return iter(SKILLS)


class Operator:
    """Uses the API of a replica."""

    def __init__(self, world: World, server: Server, secret: str) -> None:
        self.world = world
        self.client = httpx.Client(
            base_url=f"{server.url}/api/v1/", headers={"authorization": f"Bearer {secret}"}, timeout=120
        )

    def post(self, name: str, operation: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"skills/{name}/{operation}/", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"skills/{name}/").json()
        return found


@pytest.fixture(scope="module")
def operator(world: World, prepared: Prepared, replicas: tuple[Server, Server]) -> Iterator[Operator]:
    found = Operator(world, replicas[0], prepared.token)
    with found.client:
        yield found


def served(server: Server) -> dict[str, str]:
    """The text of each skill that agents get, by name."""
    uris = [resource["uri"] for resource in ask(server, "resources/list")["resources"]]
    return {uri.split("/")[2]: uri for uri in uris}


def aside(do: Callable[[], Any]) -> threading.Thread:
    """Do something that may wait for what is away."""
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("outage", OUTAGES)
def test_deactivation_takes_effect_while_s3_is_away(
    outage: str, name: str, operator: Operator, replicas: tuple[Server, Server], doors: Doors
) -> None:
    assert name in served(replicas[1])
    doors.s3.state = outage
    answers: list[dict[str, Any]] = []
    thread = aside(lambda: answers.append(operator.post(name, "deactivate", reason="leaks secrets")))

    wait_until(lambda: name not in served(replicas[1]), "it is served although it was deactivated", within=STOPS_WITHIN)
    doors.s3.state = UP
    thread.join(120)
    assert answers[0]["served"] == "yes"
    assert answers[0]["pending_since"] is None

    code = f"print(Skill.objects.unstored().filter(name='{name}').count())"
    wait_until(
        lambda: operator.world.service(operator.world.aws, code).strip() == "0", "latest.json stays behind", within=60
    )


@pytest.mark.parametrize("outage", OUTAGES)
def test_deactivation_takes_effect_soon_after_dynamodb_is_back(
    outage: str, name: str, operator: Operator, replicas: tuple[Server, Server], doors: Doors
) -> None:
    assert name in served(replicas[1])
    doors.dynamodb.state = outage
    answer = operator.post(name, "deactivate", reason="leaks secrets")
    assert answer["served"] == "pending"
    assert answer["pending_since"] is not None
    told = operator.get(name)
    assert (told["status"], told["served"], told["pending_since"]) == ("inactive", "pending", answer["pending_since"])

    doors.dynamodb.state = UP
    wait_until(
        lambda: name not in served(replicas[1]), "it is served although the table is back", within=RECOVERS_WITHIN
    )
    assert operator.get(name)["served"] == "yes"


def test_deactivation_by_a_command_is_carried_out_by_the_servers(
    name: str, replicas: tuple[Server, Server], doors: Doors, world: World
) -> None:
    doors.dynamodb.state = HANGING
    away = {**world.aws, "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:9"}
    world.service(away, f"services.deactivate(Skill.objects.get(name='{name}'))")
    doors.dynamodb.state = UP
    wait_until(lambda: name not in served(replicas[1]), "no server takes up what a command left", within=30)


def test_one_latest_json_that_is_broken_keeps_nobody_else_waiting(
    name: str, operator: Operator, replicas: tuple[Server, Server], world: World, taken: Iterator[str]
) -> None:
    world.s3.put_object(Bucket=world.bucket, Key=f"skills/{name}/latest.json", Body=b"not JSON")
    assert operator.post(name, "publish", version=1)["served"] == "yes"
    assert operator.post(name, "deactivate")["served"] == "yes"
    wait_until(lambda: name not in served(replicas[1]), "it is served although it was deactivated", within=STOPS_WITHIN)
    assert "0 differences" in world.manage(world.aws, "verify_storage")


class StartedServer(Server):
    """Waited for until it answers at all, ready or not."""

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False


def test_replica_that_starts_while_dynamodb_is_away_says_so_and_recovers(world: World, doors: Doors) -> None:
    doors.dynamodb.state = REFUSING
    with StartedServer(UVICORN, world.data, **{**world.aws, **doors.settings}) as server:
        body = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
        headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}

        def post() -> httpx.Response:
            return httpx.post(f"{server.url}/mcp", json=body, headers=headers, timeout=60)

        answer = post()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["id"] == 7
        assert answer.json()["error"]["code"] == -32603

        doors.dynamodb.state = UP
        wait_until(lambda: post().status_code == 200, "it does not recover", within=RECOVERS_WITHIN)
