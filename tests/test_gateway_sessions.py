"""Sessions of the older revisions, which nobody has to remember: the id says who it was given to."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import METHOD, MODERN, NOTIFICATION, RESPONSE, SESSION, VERSION, envelope, request, send

pytest_plugins = ["tests.support.gateway_wire"]


async def new_session(wire: Gateway) -> str:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    response = await send(wire, request("initialize", params))
    return str(response.headers[SESSION])


async def test_initialize_gives_a_session_of_visible_characters_and_no_two_are_the_same(wire: Gateway) -> None:
    sessions = [await new_session(wire) for _ in range(5)]

    assert len(set(sessions)) == 5
    assert all("!" <= character <= "~" for session in sessions for character in session)


@pytest.mark.parametrize(
    "message", [request("tools/list"), request("ping"), NOTIFICATION, RESPONSE, [request("ping")]], ids=str
)
async def test_session_is_accepted_for_every_message(wire: Gateway, message: Any) -> None:
    session = await new_session(wire)

    assert (await send(wire, message, {SESSION: session})).status_code in (200, 202)
    assert (await send(wire, message, {SESSION: f" {session}\t"})).status_code in (200, 202)


@pytest.mark.parametrize("session", ["", "unknown", "a:b:c", "é", ":", "x" * 10_000])
@pytest.mark.parametrize(
    "message", [request("tools/list"), NOTIFICATION, RESPONSE, [request("ping")], [NOTIFICATION]], ids=str
)
async def test_session_that_was_not_given_out_here_is_404(wire: Gateway, session: str, message: Any) -> None:
    response = await send(wire, message, [(SESSION.encode(), session.encode("latin-1"))])

    expected = message.get("id", "none") if isinstance(message, dict) and "method" in message else "none"
    assert (response.status_code, response.json().get("id", "none")) == (404, expected)


async def test_session_that_was_changed_is_404(wire: Gateway) -> None:
    session = await new_session(wire)
    forged = ("A" if session[0] != "A" else "B") + session[1:]

    assert (await send(wire, request("tools/list"), {SESSION: forged})).status_code == 404
    assert (await send(wire, request("tools/list"), [(SESSION, session), (SESSION, session)])).status_code == 404


@pytest.mark.parametrize("session", ["unknown", ""])
async def test_session_means_nothing_to_initialize_and_to_the_modern_revision(wire: Gateway, session: str) -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    again = await send(wire, request("initialize", params), {SESSION: session})
    modern = await send(
        wire,
        request("tools/list", {"_meta": envelope()}),
        {VERSION: MODERN, METHOD: "tools/list", SESSION: session},
    )

    assert (again.status_code, modern.status_code) == (200, 200)
    assert SESSION in again.headers
    assert SESSION not in modern.headers
