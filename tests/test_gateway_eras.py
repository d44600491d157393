"""Which revision a message belongs to, and what is different in each: handshake, notifications, batches."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import (
    LEGACY,
    META,
    METHOD,
    MODERN,
    NOTIFICATION,
    RESPONSE,
    REVISIONS,
    SESSION,
    VERSION,
    envelope,
    request,
    result_of,
    send,
)
from .support.gateway_shelf import Shelf
from .support.official_schemas import check_answer

pytest_plugins = ["tests.support.gateway_wire"]


# Era selection


@pytest.mark.parametrize(
    ("headers", "params", "modern"),
    [
        ({}, None, False),
        ({}, {"_meta": {"progressToken": 1}}, False),
        ({VERSION: "2025-11-25"}, {}, False),
        ({VERSION: "2024-11-05", METHOD: "prompts/list"}, {}, False),
        ({VERSION: MODERN, METHOD: "tools/list"}, {"_meta": envelope()}, True),
        ({VERSION: MODERN, METHOD: "tools/list", SESSION: "of another era"}, {"_meta": envelope()}, True),
    ],
)
async def test_body_and_header_choose_the_era(
    wire: Gateway, headers: dict[str, str], params: Any, modern: bool
) -> None:
    response = await send(wire, request("tools/list", params), headers)

    assert response.status_code == 200
    assert ("resultType" in response.json()["result"]) is modern


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("method", ["tools/list", "prompts/list", "resources/list", "skills/list"])
async def test_every_revision_has_every_list(wire: Gateway, revision: str, method: str) -> None:

    assert len((await result_of(wire, revision, method))[method.split("/", maxsplit=1)[0]]) == 1


# The handshake of the older revisions


@pytest.mark.parametrize(
    ("requested", "answered"),
    [
        *[(version, version) for version in LEGACY],
        (MODERN, "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
        ("", "2025-11-25"),
    ],
)
async def test_initialize_agrees_on_a_revision_that_has_it(wire: Gateway, requested: Any, answered: str) -> None:
    params = {"protocolVersion": requested, "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}

    response = await send(wire, request("initialize", params))

    check_answer(response.json(), "initialize", answered)
    assert response.status_code == 200
    assert response.json()["result"]["protocolVersion"] == answered


async def test_version_in_the_body_of_initialize_counts_more_than_the_header(wire: Gateway) -> None:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}

    response = await send(wire, request("initialize", params), {VERSION: "2025-03-26"})

    assert response.json()["result"]["protocolVersion"] == "2025-06-18"


async def test_both_eras_are_told_of_the_skills_extension_and_of_nothing_that_is_not_there(wire: Gateway) -> None:
    expected: dict[str, Any] = {
        "tools": {"listChanged": True},
        "prompts": {"listChanged": True},
        "resources": {"listChanged": True},
        "completions": {},
        "extensions": {f"{META}/skills": {"directoryRead": True}},
    }
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}

    assert (await result_of(wire, "2025-11-25", "initialize", params))["capabilities"] == expected
    expected["resources"]["subscribe"] = True  # by subscriptions/listen
    assert (await result_of(wire, MODERN, "server/discover"))["capabilities"] == expected


async def test_ping_is_answered_with_nothing(wire: Gateway) -> None:
    assert await result_of(wire, "2025-11-25", "ping") == {}


@pytest.mark.parametrize("method", ["server/discover", "logging/setLevel", "subscriptions/listen", "no/such"])
@pytest.mark.parametrize("revision", LEGACY)
async def test_unknown_method_of_an_older_revision_is_an_error_in_a_200(
    wire: Gateway, revision: str, method: str
) -> None:
    response = await send(wire, request(method), {VERSION: revision})

    check_answer(response.json(), method, revision)
    assert (response.status_code, response.json()["error"]["code"]) == (200, -32601)


@pytest.mark.parametrize("version", ["1999-01-01", "2025-11-26", "latest", "", "2025-11-25, 2025-11-25"])
@pytest.mark.parametrize("method", ["tools/list", "ping", "initialize"])
async def test_header_with_an_unknown_version_is_400(wire: Gateway, version: str, method: str) -> None:
    response = await send(wire, request(method), {VERSION: version})

    assert (response.status_code, response.json()["id"]) == (400, 1)
    assert response.json()["error"]["code"] == -32602


@pytest.mark.parametrize("params", [None, {}])
@pytest.mark.parametrize("method", ["tools/list", "ping"])
async def test_params_may_be_left_out_before_2026(wire: Gateway, params: Any, method: str) -> None:
    assert "result" in (await send(wire, request(method, params))).json()
    assert "result" in (await send(wire, {**request(method), "params": None})).json()


# Notifications and responses


@pytest.mark.parametrize(
    ("message", "version"),
    [
        (NOTIFICATION, None),
        *[(NOTIFICATION, version) for version in REVISIONS],
        ({**NOTIFICATION, "method": "notifications/cancelled", "params": {"requestId": 1}}, "2025-11-25"),
        ({**NOTIFICATION, "method": "no/such/notification"}, None),
        (RESPONSE, None),
        (RESPONSE, "2025-11-25"),
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "refused"}}, "2025-11-25"),
    ],
)
async def test_message_that_wants_no_answer_gets_202_and_no_body(
    wire: Gateway, message: dict[str, Any], version: str | None
) -> None:
    response = await send(wire, message, {VERSION: version} if version else {})

    assert (response.status_code, response.content) == (202, b"")
    assert "content-type" not in response.headers


@pytest.mark.parametrize(
    ("message", "version", "code"),
    [
        (NOTIFICATION, "1999-01-01", -32022),
        (NOTIFICATION, "", -32022),
        (RESPONSE, "1999-01-01", -32022),
        (RESPONSE, MODERN, -32600),
        ({**NOTIFICATION, "params": [1]}, None, -32602),
        ({**NOTIFICATION, "id": None}, None, -32600),
    ],
)
async def test_message_that_the_revision_does_not_know_is_400(
    wire: Gateway, message: dict[str, Any], version: str | None, code: int
) -> None:
    response = await send(wire, message, {} if version is None else {VERSION: version})

    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert "id" not in response.json()


# Batches


@pytest.mark.parametrize("version", [None, "2025-03-26", "2024-11-05"])
async def test_batch_is_answered_request_by_request(wire: Gateway, version: str | None) -> None:
    batch = [
        request("tools/list", message_id="list"),
        NOTIFICATION,
        RESPONSE,
        request("tools/call", {"name": "nobody"}, message_id="call"),
        request("initialize", message_id="init"),
        request("tools/list", {"_meta": envelope()}, message_id="modern"),
        ["nested"],
        5,
    ]

    response = await send(wire, batch, {VERSION: version} if version else {})

    assert response.status_code == 200
    answers = response.json()
    for answer in answers:
        check_answer(answer, "tools/list", "2025-03-26")
    codes = [(answer["id"], answer.get("error", {}).get("code")) for answer in answers]
    invalid = -32600
    assert codes == [
        ("list", None), ("call", -32602), ("init", invalid), ("modern", invalid), (None, invalid), (None, invalid),
    ]  # fmt: skip


async def test_batch_without_a_request_gets_202(wire: Gateway) -> None:
    response = await send(wire, [NOTIFICATION, RESPONSE])

    assert (response.status_code, response.content) == (202, b"")


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25", MODERN, "1999-01-01"])
async def test_batch_of_a_revision_that_has_none_is_refused(wire: Gateway, version: str) -> None:
    response = await send(wire, [request("tools/list")], {VERSION: version})

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)
    assert response.json().get("id", "none") == (None if version == "2025-06-18" else "none")


@pytest.mark.parametrize("version", [None, "2025-03-26"])
async def test_malformed_notification_in_a_batch_is_not_answered(wire: Gateway, version: str | None) -> None:
    malformed = [{**NOTIFICATION, "params": params} for params in ([1], "text", 5)]
    headers = {VERSION: version} if version else {}

    alone = await send(wire, malformed, headers)
    mixed = await send(wire, [*malformed, request("ping"), {"jsonrpc": "2.0", "method": 5}], headers)

    assert (alone.status_code, alone.content) == (202, b"")
    assert [(answer["id"], "result" in answer) for answer in mixed.json()] == [(1, True), (None, False)]


async def test_batch_of_a_hundred_messages_is_answered(wire: Gateway) -> None:
    response = await send(wire, [request("ping", message_id=number) for number in range(100)])

    assert [answer["id"] for answer in response.json()] == list(range(100))


async def test_batch_whose_answers_grow_too_large_is_cut_short(
    wire: Gateway, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.publish("large", files={"large.bin": "x" * 100_000})
    monkeypatch.setattr("mcp_gateway.endpoint.BATCH_ANSWER_MAX_BYTES", 250_000)
    read = request("resources/read", {"uri": "skill://large/large.bin"})

    answers = (await send(wire, [read] * 5)).json()

    assert ["result" in answer for answer in answers] == [True] * 3 + [False] * 2
    assert "smaller batches" in answers[-1]["error"]["message"]


@pytest.mark.parametrize("batch", [[], [NOTIFICATION] * 101])
async def test_batch_that_is_empty_or_long_is_refused(wire: Gateway, batch: list[Any]) -> None:
    response = await send(wire, batch)

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {VERSION: MODERN}, {"accept": "text/event-stream", "last-event-id": "5"}])
async def test_other_http_methods_are_405(wire: Gateway, method: str, headers: dict[str, str]) -> None:
    response = await wire.client.request(method, "/mcp", headers=headers)

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
