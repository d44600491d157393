"""A right that is lost is lost for all methods and streams: at once where a message says so, else in five seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from mcp_gateway import providers
from mcp_gateway.auth import create_token, find_token, tokens
from mcp_gateway.auth.identity import caller_cache
from mcp_gateway.models import AccessToken
from mcp_gateway.signals import tokens_changed

from .conftest import Gateway, permissions
from .support.gateway_asking import BOTH, LEGACY, MODERN, VERSION, envelope, modern_headers, request, send
from .support.gateway_shelf import Shelf
from .support.gateway_streams import listening, streaming
from .support.losing_rights import LOSSES, PROMISED_SECONDS, Clock, Loss, as_superuser, by_group, directly, holder
from .support.sources import table_rows

pytest_plugins = ["tests.support.gateway_wire"]

LISTEN = "subscriptions/listen"
SKILL_MD = "skill://greeter/SKILL.md"
CALLS: dict[str, list[dict[str, Any]]] = {
    "initialize": [{"protocolVersion": LEGACY[-1], "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}],
    "logging/setLevel": [{"level": "info"}],
    "tools/call": [
        {"name": "greeter"},
        {"name": "search_skills", "arguments": {"query": "hello"}},
        {"name": "load_skill", "arguments": {"skill": "greeter"}},
        {"name": "count", "arguments": {}},
        {"name": "no_such_tool"},
    ],
    "prompts/get": [{"name": "greeter"}, {"name": "greet_by_name", "arguments": {"who": "Olga"}}],
    "resources/read": [{"uri": SKILL_MD}, {"uri": "note://one"}],
    "resources/directory/read": [{"uri": "skill://greeter"}],
    "completion/complete": [
        {"ref": {"type": "ref/prompt", "name": "greet_by_name"}, "argument": {"name": "who", "value": ""}}
    ],
    "skills/get": [{"uri": SKILL_MD}],
    LISTEN: [{"notifications": {"toolsListChanged": True}}],
}
"""With what methods are called; the others with nothing."""
METHODS = [(row[0].strip("`"), row[1]) for row in table_rows("docs/mcp.md", "Methods")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("mcp_gateway.auth.caller_cache.time", clock)
    return clock


@pytest.fixture(autouse=True)
def provided(settings: Any, transactional_db: None) -> Iterator[None]:
    """The gateway has a provider, and remembers nobody."""
    settings.MCP_PROVIDERS = ["tests.support.offered.provide"]
    settings.MCP_REQUIRE_AUTH = True
    providers.changed()
    caller_cache.clear()
    yield
    providers.current.cache_clear()


@pytest.fixture(params=["told", "not told"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> bool:
    """Whether a message tells this process of the loss; none does where another process makes it without Redis."""
    told: bool = request.param == "told"
    if not told:
        monkeypatch.setattr(tokens_changed, "send", lambda sender, **_: [])
    return told


@pytest.fixture
def lose(told: bool, clock: Clock) -> Any:
    """A function that lets the right be lost, and after which that holds."""

    async def lose(loss: Loss, user: User, token: AccessToken) -> None:
        await sync_to_async(loss.take)(user, token)
        if not told:
            clock.ahead += PROMISED_SECONDS

    return lose


async def statuses(wire: Gateway, text: str, era: str) -> dict[str, int]:
    """The HTTP status of every request that there can be, but for streams."""
    found = {}
    for method, where in METHODS:
        if where not in ("both", era if era == MODERN else "before") or method == LISTEN:
            continue
        for params in CALLS.get(method, [{}]):
            modern = era == MODERN
            given = {**params, **({"_meta": envelope()} if modern else {})}
            headers = modern_headers(method, given) if modern else {VERSION: era}
            response = await send(wire, request(method, given), {**headers, "authorization": f"Bearer {text}"})
            found[f"{method} {params}"] = response.status_code
            if response.status_code in (401, 403):
                assert_refusal(response)
    return found


def assert_refusal(response: Any) -> None:
    """A refusal says why, in JSON-RPC and as RFC 6750 has it."""
    error = "invalid_token" if response.status_code == 401 else "insufficient_scope"
    message = response.json()["error"]["message"]
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith(f'Bearer error="{error}", error_description="{message}", scope="skills:read", ')
    assert "resource_metadata=" in challenge


@pytest.mark.parametrize("era", BOTH)
@pytest.mark.parametrize("name", LOSSES)
async def test_who_loses_the_right_is_refused_by_every_method(wire: Gateway, lose: Any, *, name: str, era: str) -> None:
    user, token, text = await sync_to_async(holder)(LOSSES[name])
    before = await statuses(wire, text, era)
    assert len(before) > 15, before
    assert not {401, 403} & set(before.values()), before

    await lose(LOSSES[name], user, token)

    assert set((await statuses(wire, text, era)).values()) == {LOSSES[name].status}


@pytest.mark.parametrize("name", LOSSES)
async def test_who_loses_the_right_has_no_streams_any_more(wire: Gateway, lose: Any, *, name: str) -> None:
    user, token, text = await sync_to_async(holder)(LOSSES[name])
    _, others = await sync_to_async(create_token)(await sync_to_async(somebody)(), "another's")
    header, other = {"authorization": f"Bearer {text}"}, {"authorization": f"Bearer {others}"}
    async with (
        listening(LEGACY[-1], **header) as legacy,
        streaming(MODERN, LISTEN, CALLS[LISTEN][0], **header) as modern,
        streaming(MODERN, LISTEN, CALLS[LISTEN][0], **other) as kept,
    ):
        await modern.message(), await kept.message()
        assert (await legacy.piece()).startswith(b":"), "a stream begins with a comment"

        await lose(LOSSES[name], user, token)

        assert await legacy.piece() == b""
        assert "result" in await modern.message()
        assert kept.nothing()


def somebody() -> User:
    """Another user who may see skills."""
    user = User.objects.create_user("another")
    directly(user)
    return user


# What is narrowed rather than lost


async def contents(wire: Gateway, text: str, name: str = "greeter") -> dict[str, Any]:
    """What a caller gets when asking for a skill, and from the lists, without what differs between any two answers."""
    found = {}
    asked: list[tuple[str, dict[str, Any]]] = [
        *((f"{kind}/list", {}) for kind in ("tools", "prompts", "resources", "skills")),
        ("tools/call", {"name": name}),
        ("prompts/get", {"name": name}),
        ("resources/read", {"uri": f"skill://{name}/SKILL.md"}),
        ("resources/directory/read", {"uri": f"skill://{name}"}),
        ("skills/get", {"uri": f"skill://{name}/SKILL.md"}),
    ]
    for method, params in asked:
        response = await send(wire, request(method, params), {VERSION: LEGACY[-1], "authorization": f"Bearer {text}"})
        found[method] = response.text.replace(name, "<name>")
    return found


def narrow(token: AccessToken, **values: list[str]) -> None:
    """Change what the token is for."""
    for name, value in values.items():
        setattr(token, name, value)
    token.save()


NARROWINGS: dict[str, Any] = {
    "other skills": lambda shelf, token: narrow(token, skills=["other"]),
    "other tags": lambda shelf, token: narrow(token, skills=[], tags=["other"]),
    "skills no longer named": lambda shelf, token: narrow(token, skills=[]),
}


@pytest.mark.parametrize("name", NARROWINGS)
async def test_skill_that_a_token_is_no_longer_for_is_not_there(
    wire: Gateway, shelf: Shelf, told: bool, clock: Clock, *, name: str
) -> None:
    user = await sync_to_async(somebody)()
    token, text = await sync_to_async(create_token)(user, "narrowed", skills=["greeter"], tags=["nothing"])
    async with streaming(MODERN, LISTEN, CALLS[LISTEN][0], authorization=f"Bearer {text}") as stream:
        await stream.message()
        assert "<name>" in (await contents(wire, text))["tools/list"]

        await sync_to_async(NARROWINGS[name])(shelf, token)
        clock.ahead += 0 if told else PROMISED_SECONDS

        now = await contents(wire, text)
        assert now == await contents(wire, text, "pianist"), "as for a skill that there is not"
        assert "error" in now["tools/call"]
        assert (await stream.message())["method"] == "notifications/tools/list_changed"


async def test_skill_that_loses_its_tag_is_not_there_for_a_token_of_the_tag(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(tags=("team-a",))
    user = await sync_to_async(somebody)()
    _, text = await sync_to_async(create_token)(user, "by tag", tags=["team-a"])
    async with streaming(MODERN, LISTEN, CALLS[LISTEN][0], authorization=f"Bearer {text}") as stream:
        await stream.message()
        assert "<name>" in (await contents(wire, text))["tools/list"]

        shelf.publish(tags=("team-b",))

        assert await contents(wire, text) == await contents(wire, text, "pianist")
        assert (await stream.message())["method"] == "notifications/tools/list_changed"


# What is asked of the database


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every token that the database is asked for."""
    texts: list[str] = []
    find = tokens.find_token

    def note(text: str) -> AccessToken | None:
        texts.append(text)
        return find(text)

    monkeypatch.setattr(tokens, "find_token", note)
    return texts


def test_right_is_read_with_the_token_in_one_query(django_assert_num_queries: Any) -> None:
    for name in ("permission taken", "group deleted", "superuser flag taken"):
        user, _, text = holder(LOSSES[name])
        AccessToken.objects.update(last_used_at=timezone.now())
        with django_assert_num_queries(1):
            found = find_token(text)
        assert found is not None
        assert found.owner_may_read
        user.delete()


async def test_right_is_not_asked_for_at_every_call(wire: Gateway, clock: Clock, lookups: list[str]) -> None:
    _, _, text = await sync_to_async(holder)(LOSSES["user removed from the group"])
    for number in (1, 2):
        await statuses(wire, text, MODERN)
        assert len(lookups) == number
        clock.ahead += PROMISED_SECONDS


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda user: Client().force_login(user), id="login"),
        pytest.param(lambda user: User.objects.create_user("newcomer"), id="new user"),
        pytest.param(lambda user: create_token(user, "another"), id="new token"),
    ],
)
async def test_change_that_takes_no_right_makes_nobody_be_asked_for_again(
    wire: Gateway, clock: Clock, lookups: list[str], change: Any
) -> None:
    user, _, text = await sync_to_async(holder)(LOSSES["permission taken"])
    await statuses(wire, text, MODERN)

    await sync_to_async(change)(user)
    await statuses(wire, text, MODERN)

    assert len(lookups) == 1


async def test_staff_flag_is_none_of_the_gateways_rights(wire: Gateway) -> None:
    user, _, text = await sync_to_async(holder)(LOSSES["permission taken"])
    for is_staff in (True, False):
        user.is_staff = is_staff
        await user.asave()
        assert set((await statuses(wire, text, MODERN)).values()) <= {200, 404, 400}


@pytest.mark.parametrize("give", [directly, by_group, as_superuser])
async def test_right_that_is_given_holds_at_once(wire: Gateway, give: Any) -> None:
    user = await sync_to_async(User.objects.create_user)("rita")
    await sync_to_async(lambda: user.user_permissions.set(permissions("upload_skill", "publish_skill")))()
    _, text = await sync_to_async(create_token)(user, "too early")
    assert set((await statuses(wire, text, MODERN)).values()) == {403}

    await sync_to_async(give)(user)

    assert not {401, 403} & set((await statuses(wire, text, MODERN)).values())
