"""Who is let in by an access token, and what the others are told: challenges, metadata, revocation, outages."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from mcp_gateway import endpoint
from mcp_gateway.auth import create_token, revoke_token, tokens
from mcp_gateway.auth.identity import caller_cache
from mcp_gateway.catalog import LiveCatalog
from mcp_gateway.models import AccessToken

from .conftest import Gateway
from .support.gateway_asking import LEGACY, MODERN, envelope, modern_headers, request, send
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

LIST = request("tools/list")
METADATA = "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"
CHALLENGE = f'scope="skills:read", resource_metadata="{METADATA}"'


@pytest.fixture(autouse=True)
def nobody_remembered() -> None:
    caller_cache.clear()


@pytest.fixture
def required(settings: Any) -> None:
    """The gateway asks for tokens, as it does by default."""
    settings.MCP_REQUIRE_AUTH = True


@sync_to_async
def token_of(user: User, **options: Any) -> tuple[AccessToken, str]:
    return create_token(user, "for tests", **options)


async def status(wire: Gateway, text: str) -> int:
    return (await send(wire, LIST, {"authorization": f"Bearer {text}"})).status_code


def refusal(response: httpx.Response) -> tuple[int, int]:
    """HTTP status and JSON-RPC code."""
    assert "id" not in response.json()
    return response.status_code, response.json()["error"]["code"]


# Let in or not


@pytest.mark.parametrize("authorization", [None, "", "Basic b2xnYQ==", "Token skk_abc", "skk_abc"])
async def test_token_is_asked_for_where_the_settings_require_one(
    wire: Gateway, required: None, authorization: str | None
) -> None:
    response = await send(wire, LIST, {} if authorization is None else {"authorization": authorization})

    assert refusal(response) == (401, -32600)
    assert response.headers["www-authenticate"] == f"Bearer {CHALLENGE}"


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer skk_nonsense", "bearer a.b.c", "Bearer abc="])
async def test_token_that_is_not_valid_is_refused_whether_or_not_one_is_required(
    wire: Gateway, transactional_db: None, settings: Any, required: bool, authorization: str
) -> None:
    settings.MCP_REQUIRE_AUTH = required

    response = await send(wire, LIST, {"authorization": authorization})

    assert refusal(response) == (401, -32600)
    message = response.json()["error"]["message"]
    assert response.headers["www-authenticate"] == (
        f'Bearer error="invalid_token", error_description="{message}", {CHALLENGE}'
    )


@pytest.mark.parametrize("authorization", ["bearer \xff", "Bearer a, Bearer b", "Bearer a b", 'Bearer "a"'])
async def test_header_that_is_no_token_is_a_bad_request(wire: Gateway, authorization: str) -> None:
    response = await send(wire, LIST, [(b"authorization", authorization.encode("latin-1"))])

    assert refusal(response) == (400, -32600)
    assert response.headers["www-authenticate"].startswith('Bearer error="invalid_request"')


async def test_two_tokens_are_a_bad_request_also_where_one_is_valid(
    wire: Gateway, transactional_db: None, operator: User
) -> None:
    _, text = await token_of(operator)
    headers = [("authorization", f"Bearer {text}"), ("authorization", f"Bearer {text}")]
    assert refusal(await send(wire, LIST, headers)) == (400, -32600)


@pytest.mark.parametrize("also_in_the_header", [True, False])
async def test_token_in_the_address_is_refused(
    wire: Gateway, transactional_db: None, operator: User, also_in_the_header: bool
) -> None:
    _, text = await token_of(operator)
    headers = {"authorization": f"Bearer {text}"} if also_in_the_header else {}

    response = await wire.client.post("/mcp", params={"access_token": text}, json=LIST, headers=headers)

    assert refusal(response) == (400, -32600)
    assert "never in the URL" in response.json()["error"]["message"]


@pytest.mark.parametrize("revision", [*LEGACY, MODERN])
async def test_token_opens_every_revision(
    wire: Gateway, transactional_db: None, operator: User, required: None, revision: str
) -> None:
    _, text = await token_of(operator)
    modern = revision == MODERN
    headers = modern_headers("tools/list", {}) if modern else {"mcp-protocol-version": revision}
    body = request("tools/list", {"_meta": envelope()} if modern else None)

    response = await send(wire, body, {**headers, "Authorization": f"bearer {text}"})

    assert response.status_code == 200


async def test_token_that_may_only_write_is_told_which_scope_it_lacks(
    wire: Gateway, transactional_db: None, operator: User
) -> None:
    _, text = await token_of(operator, scopes=["skills:write"])

    for _ in range(2):
        response = await send(wire, LIST, {"authorization": f"Bearer {text}"})

        assert refusal(response) == (403, -32600)
        assert response.headers["www-authenticate"] == (
            'Bearer error="insufficient_scope", '
            f'error_description="The access token lacks the scope skills:read", {CHALLENGE}'
        )


async def test_answers_are_for_everybody_only_where_nobody_has_to_say_who_they_are(
    wire: Gateway, transactional_db: None, operator: User, settings: Any
) -> None:
    _, text = await token_of(operator)
    body, headers = request("tools/list", {"_meta": envelope()}), modern_headers("tools/list", {})

    anybody = await send(wire, body, headers)
    settings.MCP_REQUIRE_AUTH = True
    somebody = await send(wire, body, {**headers, "authorization": f"Bearer {text}"})

    assert anybody.json()["result"]["cacheScope"] == "public"
    assert somebody.json()["result"]["cacheScope"] == "private"


# What clients are told before they have a token


@pytest.mark.parametrize("path", ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"])
def test_metadata_names_the_resource_and_its_scopes(path: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://skills.example.com"
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com/realm"]
    settings.MCP_JWT_SCOPE_PREFIX = "gateway/"

    answer = Client().get(path, headers={"host": "localhost", "x-forwarded-host": "evil.example"})

    assert answer.json() == {
        "resource": "https://skills.example.com/mcp",
        "authorization_servers": ["https://login.example.com/realm"],
        "scopes_supported": ["gateway/skills:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Skillkeeper",
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_page_may_ask_for_metadata_with_headers_of_its_own() -> None:
    asks = {"origin": "https://page.example", "access-control-request-headers": "mcp-protocol-version"}

    answer = Client().options("/.well-known/oauth-protected-resource/mcp", headers=asks)

    assert answer.status_code == 200
    assert answer["access-control-allow-origin"] == "*"
    assert answer["access-control-allow-headers"] == "*"


def test_metadata_without_authorization_servers_does_not_name_any() -> None:
    document = Client().get("/.well-known/oauth-protected-resource/mcp").json()

    assert document["resource"] == "http://127.0.0.1:8000/mcp"
    assert "authorization_servers" not in document


async def test_challenge_leads_to_the_metadata(wire: Gateway, required: None) -> None:
    challenge = (await send(wire, LIST)).headers["www-authenticate"]
    address = challenge.partition('resource_metadata="')[2].partition('"')[0]

    answer = await wire.client.get(httpx.URL(address).path)

    assert answer.json()["resource"] == "http://127.0.0.1:8000/mcp"


# Remembered, revoked, forgotten


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every token that the database is asked about."""
    texts: list[str] = []
    find = tokens.find_token

    def note(text: str) -> AccessToken | None:
        texts.append(text)
        return find(text)

    monkeypatch.setattr(tokens, "find_token", note)
    return texts


class Clock:
    """Stands in for the module `time`; moves when it is told to."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def time(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("mcp_gateway.auth.caller_cache.time", clock)
    return clock


async def test_token_is_looked_up_once_in_a_while(
    wire: Gateway, transactional_db: None, operator: User, asked: list[str], clock: Clock
) -> None:
    _, text = await token_of(operator)

    for _ in range(5):
        assert await status(wire, text) == 200
    assert len(asked) == 1
    clock.ahead += 6
    for _ in range(5):
        assert await status(wire, text) == 200
    assert len(asked) == 2


async def test_token_that_is_not_valid_is_not_remembered(
    wire: Gateway, transactional_db: None, asked: list[str]
) -> None:
    for _ in range(2):
        assert await status(wire, "skk_nonsense") == 401
    assert len(asked) == 2


async def test_revoked_token_is_refused_at_once(wire: Gateway, transactional_db: None, operator: User) -> None:
    token, text = await token_of(operator)
    assert await status(wire, text) == 200

    await sync_to_async(revoke_token)(token)

    assert await status(wire, text) == 401


async def test_token_revoked_elsewhere_without_word_is_refused_within_seconds(
    wire: Gateway, transactional_db: None, operator: User, clock: Clock
) -> None:
    _, text = await token_of(operator)
    assert await status(wire, text) == 200

    await AccessToken.objects.aupdate(revoked_at=timezone.now())

    assert await status(wire, text) == 200
    clock.ahead += 5
    assert await status(wire, text) == 401
    assert await status(wire, text) == 401


async def test_token_revoked_while_it_is_looked_up_is_not_remembered(
    wire: Gateway, transactional_db: None, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, text = await token_of(operator)
    find = tokens.find_token

    def revoke_after(text: str) -> AccessToken | None:
        found = find(text)
        revoke_token(token)
        return found

    monkeypatch.setattr(tokens, "find_token", revoke_after)
    assert await status(wire, text) == 200
    assert await status(wire, text) == 401


async def test_remembered_token_ends_when_it_expires(
    wire: Gateway, transactional_db: None, operator: User, clock: Clock, asked: list[str]
) -> None:
    _, text = await token_of(operator, expires_at=timezone.now() + timedelta(seconds=3))
    assert await status(wire, text) == 200

    await AccessToken.objects.aupdate(expires_at=timezone.now())
    clock.ahead += 3

    assert await status(wire, text) == 401
    assert len(asked) == 2


# The database is away


@pytest.fixture
def away(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that lets every look-up fail from then on."""

    def fail(text: str) -> AccessToken | None:
        raise OperationalError("connection refused: password=secret")

    return lambda: monkeypatch.setattr(tokens, "find_token", fail)


async def test_unknown_token_is_asked_to_come_back_while_the_database_is_away(
    wire: Gateway, away: Callable[[], None]
) -> None:
    away()

    response = await send(wire, LIST, {"authorization": "Bearer skk_unknown"})

    assert refusal(response) == (503, -32603)
    assert response.headers["retry-after"] == "5"
    assert "secret" not in response.text


async def test_text_that_cannot_be_a_token_is_refused_without_the_database(
    wire: Gateway, away: Callable[[], None]
) -> None:
    away()
    assert await status(wire, "nonsense") == 401


async def test_known_token_goes_on_opening_for_a_while(
    wire: Gateway, transactional_db: None, operator: User, away: Callable[[], None], clock: Clock
) -> None:
    _, text = await token_of(operator)
    assert await status(wire, text) == 200
    away()

    for ahead in (6, 600):
        clock.ahead = ahead
        assert await status(wire, text) == 200
    clock.ahead = 901
    assert await status(wire, text) == 503


async def test_revoked_token_stays_refused_also_while_the_database_is_away(
    wire: Gateway, transactional_db: None, operator: User, away: Callable[[], None]
) -> None:
    token, text = await token_of(operator)
    assert await status(wire, text) == 200
    await sync_to_async(revoke_token)(token)
    away()

    assert await status(wire, text) == 503


async def test_known_token_goes_on_opening_where_word_of_a_change_comes_while_the_database_is_away(
    wire: Gateway, transactional_db: None, operator: User, away: Callable[[], None], clock: Clock
) -> None:
    _, text = await token_of(operator)
    assert await status(wire, text) == 200
    away()

    for ahead in (0, 100, 600):
        clock.ahead = ahead
        endpoint._on_replica_message("")
        assert await status(wire, text) == 200
    clock.ahead = 901
    endpoint._on_replica_message("")
    assert await status(wire, text) == 503


async def test_token_that_another_replica_has_revoked_is_refused_also_while_the_database_is_away(
    wire: Gateway, transactional_db: None, operator: User, away: Callable[[], None]
) -> None:
    token, text = await token_of(operator)
    _, other = await token_of(operator)
    assert [await status(wire, each) for each in (text, other)] == [200, 200]
    away()

    endpoint._on_replica_message(token.caller_key)

    assert [await status(wire, each) for each in (text, other)] == [503, 200]


async def test_database_that_is_away_is_not_asked_for_a_known_token_at_each_request(
    wire: Gateway, transactional_db: None, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, text = await token_of(operator)
    assert await status(wire, text) == 200
    asked = []

    def fail(text: str) -> AccessToken | None:
        asked.append(text)
        raise OperationalError("connection refused")

    monkeypatch.setattr(tokens, "find_token", fail)
    endpoint._on_replica_message("")
    for _ in range(5):
        assert await status(wire, text) == 200
    assert len(asked) == 1


async def test_database_that_hangs_keeps_nobody_waiting_for_long(
    wire: Gateway, transactional_db: None, operator: User, monkeypatch: pytest.MonkeyPatch, shelf: Shelf
) -> None:
    shelf.hold("token")
    monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(tokens, "find_token", lambda text: shelf._asked("token"))

    try:
        assert await status(wire, "skk_unknown") == 503
    finally:
        shelf.release()


async def test_open_gateway_needs_no_database(wire: Gateway, live: LiveCatalog, away: Callable[[], None]) -> None:
    away()
    assert (await send(wire, LIST)).status_code == 200
