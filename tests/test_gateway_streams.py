"""Streams of what changes: who is told what, what is never told, and when they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from mcp_gateway.auth import create_token, revoke_token
from mcp_gateway.streams.listening import hub
from mcp_gateway.wire.session import start_session
from skills_registry.catalog import catalog_changed

from .conftest import Gateway
from .support.gateway_asking import (
    BOTH,
    LEGACY,
    META,
    MODERN,
    VERSION,
    ask,
    envelope,
    hello,
    modern_headers,
    request,
    result_of,
    send,
)
from .support.gateway_shelf import Shelf
from .support.gateway_streams import Stream, listening, streaming
from .support.official_schemas import check_answer

pytest_plugins = ["tests.support.gateway_wire"]

LISTEN = "subscriptions/listen"
ALL = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
LISTS = [f"notifications/{name}/list_changed" for name in ("prompts", "resources", "tools")]
FOR_MODELS: Any = {"user-invocable": "false"}


@pytest.fixture(autouse=True)
def catalog_of_the_tests(wire: Gateway) -> None:
    """Every test has a gateway to listen to."""


def subscribed(wish: dict[str, Any], message_id: Any = 1, **headers: str) -> Any:
    """An open stream with this wish."""
    return streaming(MODERN, LISTEN, {"notifications": wish}, message_id=message_id, **headers)


async def told(stream: Stream, number: int) -> list[str]:
    """What the next so many messages are called."""
    return [(await stream.message())["method"] for _ in range(number)]


async def nothing_more(stream: Stream, shelf: Shelf) -> None:
    """Fail if a stream was told something that was not read, also by the time others are told of a change."""
    async with subscribed({"toolsListChanged": True}) as other:
        await other.message()
        shelf.publish("something-else")
        catalog_changed.send(sender=None)
        await other.message()
    assert stream.nothing()


# What comes first


@pytest.mark.parametrize("message_id", [7, "a text", 0, ""])
async def test_first_it_is_told_what_will_be(message_id: Any) -> None:
    wish = {**ALL, "resourceSubscriptions": ["skill://greeter/SKILL.md"], "taskIds": ["x"]}

    async with subscribed(wish, message_id) as stream:
        first = await stream.message()

    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
    assert stream.headers["x-accel-buffering"] == "no"
    assert first["method"] == "notifications/subscriptions/acknowledged"
    assert first["params"] == {
        "notifications": {**ALL, "resourceSubscriptions": ["skill://greeter/SKILL.md"]},
        "_meta": {f"{META}/subscriptionId": message_id},
    }


@pytest.mark.parametrize(
    ("wish", "honoured"),
    [
        ({}, {}),
        ({"toolsListChanged": False}, {}),
        ({"toolsListChanged": True, "promptsListChanged": False}, {"toolsListChanged": True}),
        ({"resourceSubscriptions": []}, {}),
        ({"resourceSubscriptions": ["nothing://there"]}, {"resourceSubscriptions": ["nothing://there"]}),
    ],
)
async def test_only_what_was_asked_for_is_promised(wish: dict[str, Any], honoured: dict[str, Any]) -> None:
    async with subscribed(wish) as stream:
        assert (await stream.message())["params"]["notifications"] == honoured


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"notifications": None},
        {"notifications": []},
        {"notifications": {"toolsListChanged": "yes"}},
        {"notifications": {"resourceSubscriptions": "skill://greeter"}},
        {"notifications": {"resourceSubscriptions": [1]}},
        {"notifications": {"resourceSubscriptions": ["x" * 70_000]}},
    ],
    ids=lambda params: str(params)[:60],
)
async def test_wish_that_cannot_be_read_is_refused(wire: Gateway, params: dict[str, Any]) -> None:
    answer = await ask(wire, MODERN, LISTEN, params)

    assert answer["error"]["code"] == -32602


async def test_client_that_takes_no_stream_is_refused(wire: Gateway) -> None:
    params = {"notifications": ALL, "_meta": envelope()}
    body, headers = request(LISTEN, params), [*modern_headers(LISTEN, params).items()]

    response = await wire.client.post("/mcp", json=body, headers=[*headers, ("accept", "application/json")])

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


async def test_legacy_revisions_do_not_know_the_method(wire: Gateway) -> None:
    answer = await ask(wire, LEGACY[-1], LISTEN, {"notifications": ALL})

    assert answer["error"]["code"] == -32601


# What is told


async def test_publication_is_told_and_what_is_read_then_is_new(wire: Gateway, shelf: Shelf) -> None:
    async with subscribed(ALL, 5) as stream:
        await stream.message()
        shelf.publish("another")
        catalog_changed.send(sender=None)
        messages = [await stream.message() for _ in range(3)]

    assert sorted(message["method"] for message in messages) == LISTS
    assert all(message["params"] == {"_meta": {f"{META}/subscriptionId": 5}} for message in messages)
    listed = await result_of(wire, MODERN, "tools/list")
    assert [tool["name"] for tool in listed["tools"]] == ["another", "greeter"]


async def test_change_of_which_no_word_comes_is_found_by_looking(shelf: Shelf, settings: Any) -> None:
    settings.MCP_REFRESH_SECONDS = 0.1
    async with subscribed({"toolsListChanged": True}) as stream:
        await stream.message()
        shelf.withdraw()
        assert await told(stream, 1) == ["notifications/tools/list_changed"]


async def test_nothing_is_told_that_was_not_asked_for(shelf: Shelf) -> None:
    async with subscribed({"promptsListChanged": True}) as stream, subscribed({}) as silent:
        await stream.message(), await silent.message()
        shelf.publish("another")
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == ["notifications/prompts/list_changed"]
        await nothing_more(silent, shelf)


async def test_lists_that_stay_as_they_are_are_not_told(shelf: Shelf) -> None:
    async with subscribed(ALL) as stream:
        await stream.message()
        shelf.publish("only-for-models", **FOR_MODELS)
        catalog_changed.send(sender=None)
        assert sorted(await told(stream, 2)) == LISTS[1:]
        shelf.publish("only-for-models", "Another text.", **FOR_MODELS)
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[1]]
        shelf.publish("only-for-models", "Another text.", **FOR_MODELS, tags=("new",))
        catalog_changed.send(sender=None)


async def test_resource_is_told_when_its_bytes_change_or_it_comes_or_goes(shelf: Shelf) -> None:
    shelf.publish("deploy", files={"a.md": "a", "b.md": "b"})
    uris = [f"skill://deploy/{path}" for path in ("a.md", "b.md", "c.md")]
    async with subscribed({"resourceSubscriptions": uris}) as stream:
        await stream.message()
        shelf.publish("deploy", files={"a.md": "another", "b.md": "b"})
        catalog_changed.send(sender=None)
        assert await updated(stream) == uris[0]
        shelf.publish("deploy", files={"a.md": "another", "b.md": "b", "c.md": "c"})
        catalog_changed.send(sender=None)
        assert await updated(stream) == uris[2]
        shelf.withdraw("deploy")
        catalog_changed.send(sender=None)
        assert [await updated(stream) for _ in uris] == uris


async def updated(stream: Stream) -> str:
    """The address of the resource that the next message tells of."""
    message = await stream.message()
    assert message["method"] == "notifications/resources/updated"
    return str(message["params"]["uri"])


@pytest.mark.parametrize(
    "uri",
    ["skill://deploy", "skill://deploy/docs", "skill://deploy/docs/gr%C3%B6%C3%9Fe.md", "skill://deploy/docs/größe.md"],
)
async def test_folder_is_told_with_its_files_and_an_address_as_it_was_written(shelf: Shelf, uri: str) -> None:
    shelf.publish("deploy", files={"docs/größe.md": "a"})
    async with subscribed({"resourceSubscriptions": [uri]}) as stream:
        await stream.message()
        shelf.publish("deploy", files={"docs/größe.md": "b"})
        catalog_changed.send(sender=None)
        assert await updated(stream) == uri


async def test_list_of_search_tools_is_told_only_when_it_comes_or_goes(shelf: Shelf, settings: Any) -> None:
    settings.MCP_SKILL_TOOLS, settings.MCP_MAX_SKILL_TOOLS = "auto", 2
    wish, other = {"toolsListChanged": True}, {"promptsListChanged": True}
    async with subscribed(wish) as stream, subscribed(other) as witness:
        await stream.message(), await witness.message()
        shelf.publish("second")
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]], "one skill more"
        shelf.publish("third")
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]], "tools to search with take the place of all"
        shelf.publish("fourth")
        catalog_changed.send(sender=None)
        await told(witness, 3)
        assert stream.nothing(), "the same tools as before"
        shelf.withdraw("third")
        shelf.withdraw("fourth")
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]], "skills again"


async def test_tool_for_files_is_told_when_it_comes_or_goes(shelf: Shelf) -> None:
    async with subscribed({"toolsListChanged": True}) as stream, subscribed(ALL) as witness:
        await stream.message(), await witness.message()
        shelf.publish("greeter", files={"a.md": "a"})
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]], "the tool that reads files"
        await told(witness, 2)
        shelf.publish("greeter", files={"a.md": "a", "b.md": "b"})
        catalog_changed.send(sender=None)
        await told(witness, 1)
        assert stream.nothing(), "the same tools as before"
        shelf.publish("greeter")
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]]


async def test_search_tools_of_a_token_are_told_by_what_it_may_see(shelf: Shelf, settings: Any, token: Any) -> None:
    settings.MCP_SKILL_TOOLS, settings.MCP_MAX_SKILL_TOOLS = "auto", 2
    for name in ("second", "third"):
        shelf.publish(name)
    catalog_changed.send(sender=None)
    async with subscribed({"toolsListChanged": True}, authorization=f"Bearer {token[1]}") as stream:
        await stream.message()
        shelf.publish("greeter", description="Greets in another way.")
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]], "whose skills are few, so that they are tools"


# To whom


@pytest.fixture
async def token(transactional_db: None, operator: User) -> Any:
    """A token for `greeter` alone."""
    return await sync_to_async(create_token)(operator, "restricted", skills=["greeter"])


async def test_stream_tells_nothing_of_skills_that_the_token_is_not_for(shelf: Shelf, token: Any) -> None:
    wish = {**ALL, "resourceSubscriptions": ["skill://payroll/SKILL.md", "skill://greeter/SKILL.md"]}
    async with subscribed(wish, authorization=f"Bearer {token[1]}") as stream, subscribed(wish) as other:
        await stream.message(), await other.message()
        shelf.publish("payroll")
        catalog_changed.send(sender=None)
        await told(other, 4)
        shelf.publish("greeter", "Another text.")
        catalog_changed.send(sender=None)
        assert await stream.message() == {
            "jsonrpc": "2.0",
            "method": LISTS[1],
            "params": {"_meta": {f"{META}/subscriptionId": 1}},
        }
        assert await updated(stream) == "skill://greeter/SKILL.md"
        await nothing_more(stream, shelf)


async def test_skill_that_gets_a_tag_appears_to_those_who_may_see_the_tag(
    shelf: Shelf, transactional_db: None, operator: User
) -> None:
    _, text = await sync_to_async(create_token)(operator, "by tag", tags=["team-a"])
    async with subscribed({"toolsListChanged": True}, authorization=f"Bearer {text}") as stream:
        await stream.message()
        shelf.publish("greeter", tags=("team-a",))
        catalog_changed.send(sender=None)
        assert await told(stream, 1) == [LISTS[2]]


async def test_revoked_token_ends_its_streams(token: Any) -> None:
    async with subscribed(ALL, 9, authorization=f"Bearer {token[1]}") as stream, subscribed(ALL) as other:
        await stream.message(), await other.message()
        await sync_to_async(revoke_token)(token[0])
        last = await stream.message()
        assert other.nothing()

    check_answer(last, LISTEN, MODERN)
    assert (last["id"], last["result"]["_meta"][f"{META}/subscriptionId"]) == (9, 9)


async def test_stream_ends_with_its_token(transactional_db: None, operator: User) -> None:
    soon = timezone.now() + timedelta(seconds=1)
    _, text = await sync_to_async(create_token)(operator, "short", expires_at=soon)
    async with subscribed(ALL, authorization=f"Bearer {text}") as stream:
        await stream.message()
        assert "result" in await stream.message()
    assert timezone.now() >= soon


# How many, and how they end


@pytest.mark.parametrize("setting", ["MCP_MAX_STREAMS", "MCP_MAX_STREAMS_PER_CALLER"])
async def test_more_streams_than_there_may_be_are_refused(wire: Gateway, settings: Any, setting: str) -> None:
    setattr(settings, setting, 2)
    params = {"notifications": ALL, "_meta": envelope()}
    async with subscribed(ALL), subscribed(ALL):
        response = await send(wire, request(LISTEN, params, message_id="x"), modern_headers(LISTEN, params))
        assert (response.status_code, response.json()["id"], response.json()["error"]["code"]) == (429, "x", 429)
        assert int(response.headers["retry-after"]) > 0
        assert "result" in await ask(wire, MODERN, "tools/list")
    async with subscribed(ALL) as stream:
        assert stream.status == 200


async def test_client_that_goes_is_forgotten() -> None:
    async with subscribed(ALL):
        assert hub.size == 1
    assert hub.size == 0


async def test_silent_stream_is_kept_open_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_gateway.streams.sse.KEEP_ALIVE_SECONDS", 0.01)
    async with subscribed({}) as stream:
        await stream.message()
        assert [await stream.piece() for _ in range(3)] == [b":\n\n"] * 3


async def test_reader_that_is_slow_hears_of_many_changes_once(shelf: Shelf) -> None:
    async with subscribed({"toolsListChanged": True}) as slow, subscribed({"toolsListChanged": True}) as quick:
        await slow.message(), await quick.message()
        slow.room.clear()
        for number in range(5):
            shelf.publish(f"skill-{number}")
            catalog_changed.send(sender=None)
            await quick.message()
        slow.room.set()
        # One that was being sent while it did not read, and one for all after it
        assert await told(slow, 2) == [LISTS[2]] * 2
        assert slow.nothing()


# Revisions before


async def test_stream_of_older_revisions_carries_changed_lists(wire: Gateway, shelf: Shelf) -> None:
    for revision in LEGACY:
        async with listening(revision) as stream:
            assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
            shelf.publish(f"for-{revision}")
            catalog_changed.send(sender=None)
            assert sorted(await told(stream, 3)) == LISTS


async def test_session_has_one_stream(shelf: Shelf) -> None:
    session = start_session({"name": "c"})
    async with listening(mcp_session_id=session) as first, listening(mcp_session_id=session) as second:
        assert [await first.piece(), await first.piece()] == [b":\n\n", b""]
        shelf.publish("another")
        catalog_changed.send(sender=None)
        assert sorted(await told(second, 3)) == LISTS


async def test_get_that_opens_no_stream_says_why(wire: Gateway) -> None:
    for headers, status in [
        ({}, 406),
        ({"accept": "text/html"}, 406),
        ({"accept": "*/*"}, 406),
        ({"accept": "*/*, text/event-stream;q=0"}, 406),
        ({"accept": "text/event-stream", VERSION: "1999-01-01"}, 400),
        ({"accept": "text/event-stream", VERSION: MODERN}, 405),
        ({"accept": "text/event-stream", "mcp-session-id": "forged"}, 404),
    ]:
        response = await wire.client.get("/mcp", headers=headers)
        assert (response.status_code, "error" in response.json()) == (status, True)


async def test_get_needs_a_token_where_calls_do(wire: Gateway, settings: Any) -> None:
    settings.MCP_REQUIRE_AUTH = True

    response = await wire.client.get("/mcp", headers={"accept": "text/event-stream"})

    assert response.status_code == 401


# What is said of it


@pytest.mark.parametrize("revision", BOTH)
async def test_capabilities_say_what_is_told(wire: Gateway, revision: str) -> None:
    method, params = ("server/discover", {}) if revision == MODERN else ("initialize", hello(revision))
    found = (await result_of(wire, revision, method, params))["capabilities"]

    assert [found[name]["listChanged"] for name in ("tools", "prompts", "resources")] == [True] * 3
    assert found["resources"].get("subscribe", False) is (revision == MODERN)
