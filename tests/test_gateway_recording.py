"""Which calls are recorded, what of them, and that recording never costs anybody an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from invocations.events import InvocationEvent
from invocations.models import Invocation, SkillCounter
from invocations.resilience.unavailable import StoreUnavailable
from mcp_gateway.auth import create_token
from mcp_gateway.catalog import LiveCatalog

from .conftest import Gateway
from .support.gateway_asking import (
    BOTH,
    META,
    MODERN,
    apublish,
    ask,
    envelope,
    modern_headers,
    request,
    result_of,
    send,
)
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

Recorded = list[InvocationEvent]

SKILL_MD = "skill://greeter/SKILL.md"
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("tools/call", {"name": "greeter", "arguments": {"arguments": "in French"}}),
    ("prompts/get", {"name": "greeter", "arguments": {"arguments": "in French"}}),
    ("skills/get", {"uri": SKILL_MD}),
    ("resources/read", {"uri": SKILL_MD}),
]


@pytest.mark.parametrize(("method", "params"), CALLS)
@pytest.mark.parametrize("revision", BOTH)
async def test_call_of_a_skill_is_recorded(
    wire: Gateway, recorded: Recorded, revision: str, method: str, params: dict[str, Any]
) -> None:
    before = datetime.now(UTC)

    await result_of(wire, revision, method, params)

    [event] = recorded
    assert (event.skill, event.version, event.method) == ("greeter", 1, method)
    assert (event.status, event.error_message) == ("success", "")
    assert event.protocol_version == revision
    assert json.loads(event.request_params) == params
    assert before <= event.invoked_at <= datetime.now(UTC)
    assert timedelta(milliseconds=event.duration_ms) <= datetime.now(UTC) - event.invoked_at
    assert event.duration_ms > 0


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/list", {}),
        ("prompts/list", {}),
        ("resources/list", {}),
        ("skills/list", {}),
        ("ping", {}),
        ("server/discover", {}),
        ("no/such", {"name": "greeter"}),
        ("resources/read", {"uri": "skill://greeter/a.md"}),
        ("resources/read", {"uri": "skill://greeter/a/SKILL.md"}),
        ("resources/read", {"uri": "skill://greeter/not-there.md"}),
        ("resources/read", {"uri": "file:///etc/passwd"}),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_other_requests_are_not_recorded(
    wire: Gateway, shelf: Shelf, recorded: Recorded, *, revision: str, method: str, params: dict[str, Any]
) -> None:
    shelf.publish(files={"a.md": "a", "a/SKILL.md": "nested"})

    headers = modern_headers(method, params) if revision == MODERN else {"mcp-protocol-version": revision}
    response = await send(wire, request(method, {"_meta": envelope(), **params} if headers else params), headers)

    assert response.status_code in (200, 400, 404)
    assert recorded == []


@pytest.mark.parametrize(
    ("method", "params", "skill", "reason"),
    [
        ("tools/call", {"name": "nobody"}, "nobody", "Unknown tool: nobody"),
        ("tools/call", {"name": ""}, "-", "Unknown tool: "),
        ("tools/call", {}, "-", 'Invalid params: "name" is missing'),
        ("tools/call", {"name": 5}, "-", 'Invalid params: "name" must be a string'),
        ("tools/call", {"name": "greeter", "arguments": {"x": "y"}}, "greeter", "Unknown argument x; greeter takes"),
        ("tools/call", {"name": "greeter", "arguments": 5}, "greeter", "must be an object"),
        ("prompts/get", {"name": "nobody"}, "nobody", "Unknown prompt: nobody"),
        ("prompts/get", {"name": "greeter", "arguments": {"x": "y"}}, "greeter", "Unknown argument x"),
        ("skills/get", {"uri": "skill://nobody/SKILL.md"}, "nobody", "Unknown skill: skill://nobody/SKILL.md"),
        ("skills/get", {"uri": "nonsense"}, "nonsense", "Unknown skill: nonsense"),
        ("skills/get", {"uri": ""}, "-", "Unknown skill: "),
        ("resources/read", {"uri": "skill://nobody/SKILL.md"}, "nobody", "Resource not found"),
        ("resources/read", {"uri": 5}, "-", 'Invalid params: "uri" must be a string'),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_failed_call_is_recorded_with_the_reason(
    wire: Gateway, recorded: Recorded, *, revision: str, method: str, params: dict[str, Any], skill: str, reason: str
) -> None:
    await ask(wire, revision, method, params)

    [event] = recorded
    assert (event.skill, event.method, event.status) == (skill, method, "error")
    assert reason in event.error_message
    assert event.version == (1 if skill == "greeter" else None)


async def test_call_of_a_skill_that_was_switched_off_is_recorded_as_failed(
    wire: Gateway, shelf: Shelf, recorded: Recorded
) -> None:
    shelf.withdraw()

    await ask(wire, MODERN, "tools/call", {"name": "greeter"})

    [event] = recorded
    assert (event.skill, event.version, event.error_message) == ("greeter", None, "Unknown tool: greeter")


async def test_call_that_the_protocol_refuses_is_recorded_as_failed(wire: Gateway, recorded: Recorded) -> None:
    body = request("tools/call", {"name": "greeter", "_meta": envelope()})

    response = await send(wire, body, {**modern_headers("tools/call", {"name": "greeter"}), "mcp-name": "deploy"})

    assert response.status_code == 400
    [event] = recorded
    assert (event.skill, event.status) == ("greeter", "error")
    assert event.error_message == "The mcp-name header does not match the request's body"


async def test_reason_of_an_internal_error_is_recorded_and_not_told(
    wire: Gateway, shelf: Shelf, recorded: Recorded
) -> None:
    shelf.contents.clear()

    answer = await ask(wire, "2025-11-25", "tools/call", {"name": "greeter"})

    assert answer["error"] == {"code": -32603, "message": "Internal error"}
    [event] = recorded
    assert (event.skill, event.version, event.status) == ("greeter", 1, "error")
    assert "KeyError" in event.error_message


async def test_call_is_recorded_as_failed_where_the_catalog_was_never_there(
    wire: Gateway, shelf: Shelf, recorded: Recorded
) -> None:
    shelf.failure = StoreUnavailable("no route to host")

    answer = await ask(wire, "2025-11-25", "tools/call", {"name": "greeter"})

    assert answer["error"]["message"] == "Internal error: the catalog cannot be read; try again"
    [event] = recorded
    assert (event.skill, event.status, event.error_message) == ("greeter", "error", answer["error"]["message"])


async def test_each_call_of_a_batch_is_recorded(wire: Gateway, recorded: Recorded) -> None:
    batch = [request("tools/call", {"name": name}, message_id=name) for name in ("greeter", "nobody", "greeter")]

    assert (await send(wire, [*batch, request("tools/list")])).status_code == 200

    assert [(event.skill, event.status) for event in recorded] == [
        ("greeter", "success"),
        ("nobody", "error"),
        ("greeter", "success"),
    ]
    assert {event.protocol_version for event in recorded} == {"2025-03-26"}


# Who called


async def test_legacy_client_is_known_by_its_session(wire: Gateway, recorded: Recorded) -> None:
    client = {"name": "Codex", "version": "1.2", "title": "not kept"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    session = (await send(wire, request("initialize", params))).headers["mcp-session-id"]

    for _ in range(2):
        await ask(wire, "2025-11-25", "tools/call", {"name": "greeter"}, mcp_session_id=session)

    assert [event.client for event in recorded] == ["Codex/1.2", "Codex/1.2"]
    assert len({event.session_id for event in recorded}) == 1
    assert recorded[0].session_id
    assert recorded[0].session_id not in ("", session)


async def test_legacy_client_without_a_session_is_unknown(wire: Gateway, recorded: Recorded) -> None:
    await ask(wire, "2025-11-25", "tools/call", {"name": "greeter"})

    assert (recorded[0].client, recorded[0].session_id) == ("", "")


@pytest.mark.parametrize(
    ("info", "label"),
    [
        ({"name": "Codex", "version": "1.2"}, "Codex/1.2"),
        ({"name": "Codex", "version": ""}, "Codex"),
        ({"name": "", "version": "1.2"}, "1.2"),
        ({"name": "", "version": ""}, ""),
        ({"name": "x" * 1000, "version": "1"}, "x" * 100),
        ({"name": "a\r\nb\tc\x1b[31m\x00\u202e", "version": "1"}, "a\ufffd\ufffdb\ufffdc\ufffd[31m\ufffd\ufffd/1"),
        ({"name": "Ünïcode 😀", "version": "1"}, "Ünïcode 😀/1"),
    ],
)
async def test_client_is_recorded_as_it_names_itself_and_fit_for_a_log(
    wire: Gateway, recorded: Recorded, info: Any, label: str
) -> None:
    await ask(wire, MODERN, "tools/call", {"name": "greeter", "_meta": envelope(clientInfo=info)})
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}
    session = (await send(wire, request("initialize", params))).headers["mcp-session-id"]
    await ask(wire, "2025-11-25", "tools/call", {"name": "greeter"}, mcp_session_id=session)

    assert [event.client for event in recorded] == [label, label]


@pytest.mark.parametrize("info", ["Codex", ["Codex"], {}, {"name": 5, "version": ["1"]}])
async def test_call_of_a_client_that_does_not_name_itself_properly_is_recorded(
    wire: Gateway, recorded: Recorded, info: Any
) -> None:
    await ask(wire, MODERN, "tools/call", {"name": "greeter", "_meta": envelope(clientInfo=info)})

    assert [(event.client, event.status) for event in recorded] == [("", "error")]


async def test_caller_is_the_owner_of_the_token(
    wire: Gateway, recorded: Recorded, transactional_db: None, operator: User
) -> None:
    _, text = await sync_to_async(create_token)(operator, "for tests")

    await ask(wire, MODERN, "tools/call", {"name": "greeter"}, authorization=f"Bearer {text}")
    await ask(wire, MODERN, "tools/call", {"name": "greeter"})

    assert [event.caller for event in recorded] == ["olga", ""]


TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("meta", "header", "expected"),
    [
        (TRACEPARENT, None, TRACE),
        (None, TRACEPARENT, TRACE),
        (TRACEPARENT, TRACEPARENT.replace("0", "1"), TRACE),
        (TRACEPARENT + "-later-version", None, TRACE),
        (None, None, "my-request"),
        (5, "nonsense", "my-request"),
        (TRACEPARENT.upper(), "x" * 10_000, "my-request"),
    ],
)
async def test_trace_is_that_of_the_client_or_else_the_request(
    wire: Gateway, recorded: Recorded, meta: Any, header: str | None, expected: str
) -> None:
    given = {"x_request_id": "my-request", **({"traceparent": header} if header else {})}

    await ask(wire, MODERN, "tools/call", {"name": "greeter", "_meta": {**envelope(), "traceparent": meta}}, **given)

    assert recorded[0].trace_id == expected


# What is kept of the parameters


async def test_secrets_and_the_envelope_are_not_recorded(wire: Gateway, shelf: Shelf, recorded: Recorded) -> None:
    shelf.publish(arguments="password who")
    arguments = {"password": "hunter2", "who": "Mr X"}

    await ask(wire, MODERN, "tools/call", {"name": "greeter", "arguments": arguments})

    assert json.loads(recorded[0].request_params) == {
        "name": "greeter",
        "arguments": {"password": "***", "who": "Mr X"},
    }
    assert META not in recorded[0].request_params


async def test_what_is_long_is_cut_before_it_waits_to_be_written(
    wire: Gateway, live: LiveCatalog, shelf: Shelf, recorded: Recorded
) -> None:
    long = "é" * 20_000
    await live.snapshot()

    await ask(wire, "2025-11-25", "tools/call", {"name": long, "arguments": {long: long}})
    await ask(wire, "2025-11-25", "tools/call", {"name": "greeter", "arguments": {long: long}})
    await ask(wire, "2025-11-25", "skills/get", {"uri": long}, traceparent="x" * 5000)
    shelf.failure = StoreUnavailable(long)
    await ask(wire, "2025-11-25", "tools/call", {"name": "greeter"})

    assert len(recorded) == 4
    for event in recorded:
        assert len(event.skill) <= 64
        assert len(event.error_message) <= 500
        assert len(event.request_params.encode()) <= 1024
        assert len(event.trace_id) <= 128


@pytest.mark.parametrize("depth", [10, 60])
async def test_deep_parameters_are_recorded(wire: Gateway, recorded: Recorded, depth: int) -> None:
    deep: Any = "bottom"
    for _ in range(depth):
        deep = {"a": [deep]} if depth < 30 else {"a": deep}

    await ask(wire, "2025-11-25", "tools/call", {"name": "greeter", "arguments": {"arguments": deep}})

    assert "bottom" in recorded[0].request_params


# The way into the log


async def test_calls_are_written_and_counted(gateway: Gateway, flushed: Callable[[], None]) -> None:
    await apublish()
    for revision in BOTH:
        for method, params in CALLS:
            await result_of(gateway, revision, method, params)
        await ask(gateway, revision, "tools/call", {"name": "nobody\u0000"}, mcp_name="=?base64?bm9ib2R5AA==?=")

    await sync_to_async(flushed)()

    rows = [
        (row.skill, row.method, row.status, row.version, row.protocol_version) async for row in Invocation.objects.all()
    ]
    assert sorted(rows, key=str) == sorted(
        [("greeter", method, "success", 1, revision) for revision in BOTH for method, _ in CALLS]
        + [("nobody\ufffd", "tools/call", "error", None, revision) for revision in BOTH],
        key=str,
    )
    counters = {
        counter.skill: (counter.invocation_count, counter.error_count) async for counter in SkillCounter.objects.all()
    }
    assert counters == {"greeter": (8, 0), "nobody\ufffd": (2, 2)}


@pytest.mark.parametrize("revision", BOTH)
async def test_answer_is_given_also_where_recording_fails(
    wire: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, revision: str
) -> None:
    def fail(event: InvocationEvent) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr("mcp_gateway.recording.record", fail)

    assert (await result_of(wire, revision, "tools/call", {"name": "greeter"}))["isError"] is False
    assert "could not record a call of 'tools/call'" in caplog.text
