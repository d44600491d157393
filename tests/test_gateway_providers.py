"""What a deployment offers besides skills: listed, called, read, completed; with what goes before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from invocations.events import InvocationEvent
from mcp_gateway import providers
from mcp_gateway.auth import create_token
from mcp_gateway.providers import Resource
from mcp_gateway.wire.session import start_session

from .conftest import Gateway
from .support import offered
from .support.gateway_asking import (
    BOTH,
    LEGACY,
    META,
    MODERN,
    REVISIONS,
    envelope,
    error_of,
    modern_headers,
    request,
    result_of,
    send,
)
from .support.gateway_shelf import Shelf
from .support.gateway_streams import streaming
from .support.official_schemas import check_answer
from .support.patience import PATIENCE_SECONDS

pytest_plugins = ["tests.support.gateway_wire"]


@pytest.fixture(autouse=True)
def provided(settings: Any) -> Iterator[None]:
    """The gateway with a provider; nothing of it is left behind."""
    settings.MCP_PROVIDERS = ["tests.support.offered.provide"]
    offered.waiting.clear()
    offered.cancelled.clear()
    providers.changed()
    yield
    offered.more.clear()
    offered.notes.clear()
    settings.MCP_PROVIDERS = []
    providers.changed()


async def names(wire: Gateway, revision: str, kind: str, key: str = "name") -> list[str]:
    return [entry[key] for entry in (await result_of(wire, revision, f"{kind}/list"))[kind.rsplit("/", maxsplit=1)[-1]]]


# Lists


@pytest.mark.parametrize("revision", REVISIONS)
async def test_what_is_provided_is_listed_with_the_skills_in_order(wire: Gateway, revision: str) -> None:
    tools = await names(wire, revision, "tools")
    assert tools == sorted(tools)
    assert {"greeter", "count_", "show_"} <= set(tools)
    assert await names(wire, revision, "prompts") == ["greet_by_name", "greeter"]
    assert await names(wire, revision, "resources", "uri") == ["note://one", "skill://greeter/SKILL.md"]


@pytest.mark.parametrize(
    ("revision", "known"),
    [
        ("2024-11-05", set()),
        ("2025-03-26", {"annotations"}),
        ("2025-06-18", {"annotations", "title", "_meta"}),
        ("2025-11-25", {"annotations", "title", "_meta"}),
        (MODERN, {"annotations", "title", "_meta"}),
    ],
)
async def test_definition_has_what_the_revision_knows(wire: Gateway, revision: str, known: set[str]) -> None:
    listed = (await result_of(wire, revision, "tools/list"))["tools"]

    [tool] = [tool for tool in listed if tool["name"] == "count_"]
    assert set(tool) == {"name", "description", "inputSchema"} | known
    [prompt, _] = (await result_of(wire, revision, "prompts/list"))["prompts"]
    assert ("title" in prompt["arguments"][0]) is ("title" in known)
    [resource, _] = (await result_of(wire, revision, "resources/list"))["resources"]
    assert ("icons" in resource) is (revision >= "2025-11-25")


async def test_templates_are_listed_with_those_of_skills(wire: Gateway) -> None:
    listed = (await result_of(wire, MODERN, "resources/templates/list"))["resourceTemplates"]

    assert [template["uriTemplate"] for template in listed] == [
        "note://{where}/{+path}", "skill://{skill}/SKILL.md", "skill://{skill}/{+path}",
    ]  # fmt: skip


# Calls


@pytest.mark.parametrize(
    ("revision", "kinds"),
    [
        ("2024-11-05", ["text", "image", "text", "resource", "text"]),
        ("2025-03-26", ["text", "image", "audio", "resource", "text"]),
        ("2025-06-18", ["text", "image", "audio", "resource", "resource_link"]),
        ("2025-11-25", ["text", "image", "audio", "resource", "resource_link"]),
        (MODERN, ["text", "image", "audio", "resource", "resource_link"]),
    ],
)
async def test_content_is_of_the_kinds_that_the_revision_knows(wire: Gateway, revision: str, kinds: list[str]) -> None:
    content = (await result_of(wire, revision, "tools/call", {"name": "show_"}))["content"]

    assert [item["type"] for item in content] == kinds
    assert ("lastModified" in content[0]["annotations"]) is (revision >= "2025-06-18")


@pytest.mark.parametrize("revision", BOTH)
async def test_failure_of_a_tool_is_a_result_and_is_recorded(
    wire: Gateway, recorded: list[InvocationEvent], revision: str
) -> None:
    assert (await result_of(wire, revision, "tools/call", {"name": "fail_"}))["isError"] is True
    assert recorded[-1].error_message == "this went wrong"


@pytest.mark.parametrize("revision", BOTH)
async def test_error_of_a_handler_is_the_error_that_is_answered(wire: Gateway, revision: str) -> None:
    error = await error_of(wire, revision, "tools/call", {"name": "refuse_"})

    assert error == {"code": 17, "message": "not today", "data": {"until": "tomorrow"}}


async def test_capability_that_the_client_lacks_is_named_with_400(wire: Gateway) -> None:
    params: dict[str, Any] = {"name": "need_", "_meta": envelope()}
    response = await send(wire, request("tools/call", params), modern_headers("tools/call", params))

    check_answer(response.json(), "tools/call", MODERN)
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32021)
    assert response.json()["error"]["data"] == {"requiredCapabilities": {"sampling": {}}}
    able = {"name": "need_", "_meta": envelope(clientCapabilities={"sampling": {}})}
    assert (await result_of(wire, MODERN, "tools/call", able))["content"] == []


@pytest.mark.parametrize("revision", BOTH)
async def test_prompt_is_got_and_its_refusal_told(wire: Gateway, revision: str) -> None:
    got = await result_of(wire, revision, "prompts/get", {"name": "greet_by_name", "arguments": {"who": "Ann"}})

    assert got["messages"][0]["content"]["text"] == "Greet Ann."
    assert (await error_of(wire, revision, "prompts/get", {"name": "greet_by_name"}))["message"] == "who is missing"


@pytest.mark.parametrize("revision", BOTH)
@pytest.mark.parametrize(("uri", "text"), [("note://one", ""), ("note://a/b", "b"), ("note://a/b/c", "c")])
async def test_resource_is_read_by_its_address_or_by_a_template(
    wire: Gateway, revision: str, uri: str, text: str
) -> None:
    [content] = (await result_of(wire, revision, "resources/read", {"uri": uri}))["contents"]

    assert (content["uri"], content["text"]) == (uri, text or "one")


@pytest.mark.parametrize("uri", ["note://", "note://a", "note://a/", "xnote://a/b", "note:///b"])
async def test_address_of_no_template_is_not_found(wire: Gateway, uri: str) -> None:
    assert (await error_of(wire, MODERN, "resources/read", {"uri": uri}))["data"] == {"uri": uri}


# Completion


@pytest.mark.parametrize("revision", REVISIONS[1:])
async def test_suggestions_are_a_hundred_at_most(wire: Gateway, revision: str) -> None:
    ref = {"type": "ref/prompt", "name": "greet_by_name"}
    params = {"ref": ref, "argument": {"name": "who", "value": "A"}, "context": {"arguments": {"where": "!"}}}

    completion = (await result_of(wire, revision, "completion/complete", params))["completion"]

    assert (completion["total"], completion["hasMore"], len(completion["values"])) == (150, True, 100)
    assert completion["values"][0] == "who:A000!"


async def test_template_is_completed_by_what_it_says(wire: Gateway) -> None:
    ref = {"type": "ref/resource", "uri": "note://{where}/{+path}"}
    params = {"ref": ref, "argument": {"name": "path", "value": ""}}

    assert (await result_of(wire, MODERN, "completion/complete", params))["completion"]["total"] == 150


# What goes before the answer


@pytest.mark.parametrize("revision", LEGACY)
async def test_progress_and_log_messages_go_before_the_answer(wire: Gateway, revision: str) -> None:
    async with streaming(revision, "tools/call", {"name": "count_"}, meta={"progressToken": "t"}) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
        assert stream.headers["x-accel-buffering"] == "no"
        messages = [await stream.message() for _ in range(7)]

    assert [message.get("method", "answer").rpartition("/")[2] for message in messages] == [
        *["progress", "message"] * 3, "answer",
    ]  # fmt: skip
    assert messages[2]["params"] == {"progressToken": "t", "progress": 50, "total": 100, "message": "step 1"}
    assert messages[3]["params"] == {"level": "info", "logger": "counter", "data": {"step": 1}}
    check_answer(messages[-1], "tools/call", revision)


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({}, []),
        ({"progressToken": 7}, ["progress"] * 3),
        ({f"{META}/logLevel": "info"}, ["message"] * 3),
        ({f"{META}/logLevel": "debug"}, ["message", "message"] * 3),
        ({f"{META}/logLevel": "warning"}, []),
    ],
)
async def test_modern_request_says_what_it_wants_to_hear(
    wire: Gateway, meta: dict[str, Any], expected: list[str]
) -> None:
    async with streaming(MODERN, "tools/call", {"name": "count_"}, meta=meta) as stream:
        if not expected:
            assert stream.headers["content-type"] == "application/json"
            return
        messages = [await stream.message() for _ in range(len(expected) + 1)]
    assert [message.get("method", "").rpartition("/")[2] for message in messages] == [*expected, ""]
    check_answer(messages[-1], "tools/call", MODERN)


@pytest.mark.parametrize("revision", LEGACY)
async def test_session_says_by_a_method_what_it_wants_to_hear(wire: Gateway, revision: str) -> None:
    session = {"mcp_session_id": start_session({"name": "tests", "version": "1"})}

    assert await result_of(wire, revision, "logging/setLevel", {"level": "warning"}, **session) == {}

    async with streaming(revision, "tools/call", {"name": "count_"}, **session) as stream:
        assert stream.headers["content-type"] == "application/json"
    async with streaming(revision, "tools/call", {"name": "count_"}) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
    assert (await error_of(wire, revision, "logging/setLevel", {"level": "loud"}))["code"] == -32602


@pytest.mark.parametrize("some", [True, False])
async def test_log_messages_are_announced_where_there_may_be_any(wire: Gateway, settings: Any, some: bool) -> None:
    if not some:
        settings.MCP_PROVIDERS = []
        providers.changed()
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}

    assert ("logging" in (await result_of(wire, "2025-11-25", "initialize", params))["capabilities"]) is some
    assert ("logging" in (await result_of(wire, MODERN, "server/discover"))["capabilities"]) is some


@pytest.mark.parametrize("revision", BOTH)
async def test_client_that_takes_json_alone_gets_the_answer_alone(wire: Gateway, revision: str) -> None:
    meta = {"progressToken": "t"}
    async with streaming(revision, "tools/call", {"name": "count_"}, meta=meta, accept="application/json") as stream:
        assert stream.headers["content-type"] == "application/json"


async def test_disconnect_cancels_a_modern_request(wire: Gateway) -> None:
    async with streaming(MODERN, "tools/call", {"name": "wait_long_"}, meta={"progressToken": 1}) as stream:
        await stream.message()
    await asyncio.wait_for(offered.cancelled.wait(), PATIENCE_SECONDS)


async def test_batch_is_answered_without_what_goes_before(wire: Gateway) -> None:
    params = {"name": "count_", "_meta": {"progressToken": 1}}

    response = await send(wire, [request("tools/call", params)])

    assert [answer["result"]["content"][0]["text"] for answer in response.json()] == ["counted"]


# Changes and mistakes


@pytest.mark.parametrize("revision", BOTH)
async def test_what_a_provider_adds_is_there_at_once(wire: Gateway, shelf: Shelf, revision: str) -> None:
    before = await names(wire, revision, "tools")
    await result_of(wire, revision, "tools/call", {"name": "grow_"})

    assert set(await names(wire, revision, "tools")) - set(before) == {"grown_0"}
    shelf.publish("another")
    assert "grown_0" in await names(wire, revision, "tools")


async def test_resource_that_a_provider_has_changed_is_told_to_who_asked_for_it(wire: Gateway) -> None:
    async with subscribed("note://one", "note://here/two") as stream, subscribed("note://one") as other:
        await stream.message(), await other.message()
        await result_of(wire, MODERN, "tools/call", {"name": "write_", "arguments": {"uri": "note://here/two"}})
        assert (await stream.message())["params"]["uri"] == "note://here/two"
        await result_of(wire, MODERN, "tools/call", {"name": "write_", "arguments": {"uri": "note://one"}})
        assert (await stream.message())["params"]["uri"] == (await other.message())["params"]["uri"] == "note://one"
        assert stream.nothing()


async def test_resource_that_a_provider_adds_or_takes_away_is_told(wire: Gateway) -> None:
    async with subscribed("note://new", "note://one") as stream:
        await stream.message()
        for definition in ({"uri": "note://new", "name": "new"}, {"uri": "note://new", "name": "renamed"}, None):
            offered.notes[:] = [Resource(definition, offered.read_note)] if definition else []
            providers.changed()
            assert (await stream.message())["params"]["uri"] == "note://new"
        assert stream.nothing()


async def test_token_for_some_skills_hears_nothing_of_what_a_provider_offers(
    wire: Gateway, transactional_db: None, operator: User
) -> None:
    _, text = await sync_to_async(create_token)(operator, "restricted", skills=["greeter"])
    async with subscribed("note://one", authorization=f"Bearer {text}") as stream, subscribed("note://one") as other:
        await stream.message(), await other.message()
        providers.updated("note://one")
        await other.message()
        offered.notes[:] = [Resource({"uri": "note://new", "name": "new"}, offered.read_note)]
        providers.updated("note://one")
        providers.changed()
        await other.message()
        assert stream.nothing()


def subscribed(*uris: str, **headers: str) -> Any:
    """An open stream of word of these resources."""
    return streaming(MODERN, "subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}}, **headers)


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ("provide_twice", "'count_' twice"),
        ("provide_skill_name", "'greeter', which could be a skill's name"),
        ("provide_skill_address", "URIs that begin with skill:"),
    ],
)
def test_offer_that_cannot_be_served_is_said_by_name(settings: Any, other: str, complaint: str) -> None:
    settings.MCP_PROVIDERS = ["tests.support.offered.provide", f"tests.support.offered.{other}"]
    providers.current.cache_clear()

    with pytest.raises(ImproperlyConfigured, match=complaint):
        providers.current()


async def test_provider_that_fails_later_leaves_what_was_offered(
    wire: Gateway, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = await names(wire, MODERN, "tools")
    settings.MCP_PROVIDERS = ["tests.support.offered.provide", "tests.support.offered.provide_twice"]
    providers.changed()

    assert await names(wire, MODERN, "tools") == before
    assert "twice" in caplog.text


async def test_handlers_learn_who_calls_and_which_skills_they_may_see(
    wire: Gateway, transactional_db: None, shelf: Shelf, operator: User
) -> None:
    shelf.publish("second")
    _, token = await sync_to_async(create_token)(operator, "all")

    answer = await result_of(wire, MODERN, "tools/call", {"name": "tell_"}, authorization=f"Bearer {token}")
    assert answer["content"][0]["text"] == "olga sees greeter, second"
