"""What HTTP must be around a message: hosts, origins, types, sizes, tokens; every refusal says why as JSON-RPC."""

from __future__ import annotations

import gzip
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mcp_gateway.wire.headers import read_headers

from .conftest import Gateway
from .support.gateway_asking import LEGACY, MODERN, VERSION, over_asgi, request, send
from .support.gateway_streams import streaming

pytest_plugins = ["tests.support.gateway_wire"]

LIST = request("tools/list")


def refusal(response: httpx.Response) -> tuple[int, int]:
    """HTTP status and error code of an answer that must be a JSON-RPC error."""
    assert response.headers["content-type"] == "application/json"
    assert response.json()["jsonrpc"] == "2.0"
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost:6274", "https://127.0.0.1:8000", "http://[::1]", "HTTP://LOCALHOST"],
)
async def test_pages_of_this_machine_may_call(wire: Gateway, origin: str) -> None:
    assert (await send(wire, LIST, {"origin": origin})).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "https://localhost.evil.example", "http://evil.example#@localhost", "null", "",
        "localhost", "http://", "http://[", "http://[::1", "http://[evil]", "http://localhost@evil.example", "://", "file://",
        "http://localhost, http://localhost", "http://\xbc",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_pages_of_other_sites_are_403(wire: Gateway, origin: str, method: str) -> None:
    headers = [(b"origin", origin.encode("latin-1")), (b"content-type", b"application/json")]

    response = await wire.client.request(method, "/mcp", json=LIST, headers=headers)

    assert refusal(response) == (403, -32600)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8000", "", "a b", "localhost, localhost"])
async def test_other_host_is_403(wire: Gateway, host: str) -> None:
    assert refusal(await send(wire, LIST, {"host": host})) == (403, -32600)


async def test_hosts_and_origins_of_the_settings_may_call(wire: Gateway, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [".skills.example"]

    headers = {"host": "a.skills.example", "origin": "https://b.skills.example"}

    assert (await send(wire, LIST, headers)).status_code == 200
    assert (await send(wire, LIST, {**headers, "origin": "http://localhost"})).status_code == 403


async def test_page_without_an_origin_of_its_own_is_403_also_where_every_host_is_served(
    wire: Gateway, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    assert (await send(wire, LIST, {"origin": "https://anywhere.example"})).status_code == 200
    assert (await send(wire, LIST, {"origin": "null"})).status_code == 403


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('application/json;charset="UTF-8"', 200),
        ("application/json; charset=utf8; profile=x", 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=iso-8859-1", 415),
        ("application/json; charset=", 415),
        ("application/json; charset*=nonsense''x", 415),
        ("Application/JSON ; charset=UTF-8", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        ("application/json, application/json", 415),
    ],
)
async def test_body_must_be_json(wire: Gateway, content_type: str, status: int) -> None:
    response = await wire.client.post(
        "/mcp", content=b'{"jsonrpc":"2.0","id":1,"method":"ping"}', headers={"content-type": content_type}
    )

    assert response.status_code == status
    assert status == 200 or refusal(response) == (415, -32600)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (["application/json, text/event-stream"], 200),
        (["application/json"], 200),
        (["text/event-stream;q=0.5,APPLICATION/JSON;q=0.1"], 200),
        (["*/*"], 200),
        (["application/*"], 200),
        ([], 200),
        ([""], 200),
        (["application/json", "text/event-stream"], 200),
        (["text/event-stream", "application/json"], 200),
        (["application/json;q=0.001"], 200),
        (["*/*;q=0.1, text/html"], 200),
        (["application/json; charset=utf-8"], 200),
        (["text/html, application/*;Q=0.5"], 200),
        (["application/json;q=0, application/json"], 200),
        (["text/event-stream"], 406),
        (["text/html"], 406),
        (["application/json;q=0"], 406),
        (["application/json; Q=0.000, */*"], 406),
        (["application/*;q=0, */*;q=0.5"], 406),
        (["*/*;q=0"], 406),
        (["application/json;q*=nonsense''0"], 406),
    ],
)
async def test_client_must_accept_json(wire: Gateway, accept: list[str], status: int) -> None:
    headers = [(b"content-type", b"application/json"), *[(b"accept", value.encode()) for value in accept]]

    event = {"type": "http.request", "body": b'{"jsonrpc":"2.0","id":1,"method":"ping"}'}

    assert (await over_asgi([event], headers))[0] == status


@pytest.mark.parametrize(
    ("accept", "stream"),
    [
        ("application/json, text/event-stream", True),
        ("*/*", True),
        ("application/json, text/*;q=0.1", True),
        ("application/json, TEXT/EVENT-STREAM", True),
        ("application/json", False),
        ("application/json, text/event-stream;q=0", False),
        ("*/*, text/event-stream;q=0.0", False),
        ("*/*, text/*;q=0", False),
    ],
)
async def test_stream_is_opened_for_those_alone_who_accept_one(wire: Gateway, accept: str, stream: bool) -> None:
    async with streaming(MODERN, "subscriptions/listen", {"notifications": {}}, accept=accept) as opened:
        assert opened.status == (200 if stream else 400)
        assert opened.headers["content-type"] == ("text/event-stream" if stream else "application/json")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, identity", "GZIP", "x-unknown"])
async def test_compressed_body_is_415_and_says_what_is_accepted(wire: Gateway, coding: str) -> None:
    response = await send(wire, gzip.compress(b"{}"), {"content-encoding": coding})

    assert refusal(response) == (415, -32600)
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_body_that_says_that_it_is_not_compressed_is_read(wire: Gateway, coding: str) -> None:
    assert (await send(wire, LIST, {"content-encoding": coding})).status_code == 200


REFUSALS: dict[int, tuple[dict[str, str], bytes]] = {
    400: ({}, b"{"),
    401: ({"authorization": "Bearer nonsense"}, b"{}"),
    403: ({"origin": "https://evil.example"}, b"{}"),
    404: ({"mcp-session-id": "forged"}, b'{"jsonrpc":"2.0","method":"notifications/initialized"}'),
    406: ({"accept": "text/html"}, b"{}"),
    413: ({}, b" " * 5000),
    415: ({"content-type": "text/plain"}, b"{}"),
}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize(
    ("version", "null"),
    [
        ("2024-11-05", True), ("2025-03-26", True), ("2025-06-18", True), ("2025-11-25", False), (MODERN, False),
        ("1999-01-01", False), ("", False), (None, False),
    ],
)  # fmt: skip
async def test_error_without_an_id_says_so_as_its_revision_has_it(
    wire: Gateway, settings: Any, status: int, version: str | None, null: bool
) -> None:
    settings.MCP_MAX_BODY_BYTES = 4096
    headers, body = REFUSALS[status]
    usual = {"content-type": "application/json", "accept": "application/json"}
    named = {} if version is None else {VERSION: version}

    response = await wire.client.post("/mcp", content=body, headers={**usual, **named, **headers})

    if status != 404 or version in (None, *LEGACY):  # others have no sessions
        assert response.status_code == status
        assert response.json().get("id", "none") == (None if null else "none")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"\xff", b'"\\ud800"', b"NaN", b"1e999", b"\xef\xbb\xbf{}", b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_body_that_is_no_json_is_a_parse_error(wire: Gateway, body: bytes) -> None:
    response = await send(wire, body)

    assert refusal(response) == (400, -32700)
    assert "id" not in response.json()


@pytest.mark.parametrize(
    "body",
    [
        5, "text", None, True, {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"id": 1, "method": "ping"}, {"jsonrpc": 2.0, "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "method": None}, {"jsonrpc": "2.0", "id": 1, "method": ["ping"]},
    ],
    ids=str,
)  # fmt: skip
async def test_json_that_is_no_message_is_an_invalid_request(wire: Gateway, body: Any) -> None:
    response = await send(wire, body)

    assert refusal(response) == (400, -32600)
    assert response.json().get("id", "none") == (body.get("id", "none") if isinstance(body, dict) else "none")


@pytest.mark.parametrize("message_id", [1, -5, "", "7", 2**53, 1.0, -0.0])
async def test_any_text_and_any_integer_is_an_id_and_comes_back(wire: Gateway, message_id: Any) -> None:
    response = await send(wire, {"jsonrpc": "2.0", "id": message_id, "method": "ping"})

    assert (response.status_code, response.json()["id"]) == (200, message_id)


@pytest.mark.parametrize("message_id", [1.5, 1e300, True, [], {}])
async def test_other_values_are_no_ids(wire: Gateway, message_id: Any) -> None:
    response = await send(wire, {"jsonrpc": "2.0", "id": message_id, "method": "ping"})

    assert refusal(response) == (400, -32600)


@pytest.mark.parametrize("params", [[1], "text", 5, True])
async def test_params_that_are_no_object_are_invalid(wire: Gateway, params: Any) -> None:
    response = await send(wire, request("tools/list", params))

    assert (*refusal(response), response.json()["id"]) == (400, -32602, 1)


# Sizes


def padded(length: int) -> bytes:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"padding":"%s"}}'
    return body.replace(b"%s", b"x" * (length - len(body) + 2))


async def chunks(body: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize(("length", "status"), [(4096, 200), (4097, 413), (400_000, 413)])
@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
async def test_body_may_be_as_long_as_the_setting_says(
    wire: Gateway, settings: Any, length: int, status: int, chunked: bool
) -> None:
    settings.MCP_MAX_BODY_BYTES = 4096
    body = padded(length)

    response = await wire.client.post(
        "/mcp", content=chunks(body) if chunked else body, headers={"content-type": "application/json"}
    )

    assert ("content-length" in response.request.headers) is not chunked
    assert response.status_code == status
    assert status == 200 or refusal(response) == (413, -32600)


async def test_body_that_is_too_long_is_refused_before_it_has_arrived(wire: Gateway, settings: Any) -> None:
    settings.MCP_MAX_BODY_BYTES = 4096
    headers = [(b"content-type", b"application/json")]
    endless = {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    status, _ = await over_asgi([endless] * 5, headers)

    assert status == 413


async def test_body_that_is_cut_off_ends_the_request(wire: Gateway) -> None:
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"jsonrpc":"2.0","id":1,"method":"ping"}', "more_body": True},
        {"type": "http.disconnect"},
    ]

    status, answer = await over_asgi(events, [(b"content-type", b"application/json")])

    assert status == 400
    assert b"The request body is incomplete" in answer


async def test_what_goes_wrong_outside_of_methods_is_an_error_that_tells_nothing(
    wire: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("the database's password is wrong")

    monkeypatch.setattr("mcp_gateway.endpoint.identify", fail)

    response = await send(wire, LIST)

    assert refusal(response) == (500, -32603)
    assert "password" not in response.text
    assert "password" in caplog.text


PAGE = {"origin": "http://localhost:6274"}
ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,mcp-method"}


async def test_browser_is_told_that_a_page_may_send_what_it_wants_to(wire: Gateway) -> None:
    response = await wire.client.options("/mcp", headers={**PAGE, **ASKS})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-origin"] == "http://localhost:6274"
    assert response.headers["access-control-allow-methods"] == "GET, POST, DELETE"
    assert response.headers["access-control-allow-headers"] == "authorization,mcp-method"
    assert response.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in response.headers


async def test_page_may_read_answers_and_refusals(wire: Gateway, settings: Any) -> None:
    answered = await send(wire, request("ping"), PAGE)
    settings.MCP_REQUIRE_AUTH = True
    refused = await send(wire, request("ping"), PAGE)

    assert (answered.status_code, refused.status_code) == (200, 401)
    for response in (answered, refused):
        assert response.headers["access-control-allow-origin"] == "http://localhost:6274"
        exposed = response.headers["access-control-expose-headers"].lower().split(", ")
        assert {"mcp-session-id", "www-authenticate"} <= set(exposed)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost, http://localhost"])
async def test_browser_is_not_told_so_for_pages_of_other_sites(wire: Gateway, origin: str) -> None:
    asked = await wire.client.options("/mcp", headers={"origin": origin, **ASKS})
    sent = await send(wire, LIST, {"origin": origin})

    for response in (asked, sent):
        assert refusal(response) == (403, -32600)
        assert not [name for name in response.headers if name.startswith("access-control")]


async def test_without_a_page_nothing_is_said_of_pages(wire: Gateway) -> None:
    asked = await wire.client.options("/mcp", headers=ASKS)
    sent = await send(wire, LIST)

    assert refusal(asked) == (405, -32600)
    assert sent.status_code == 200
    for response in (asked, sent):
        assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "raw",
    [
        [*((b"x-%d" % number, b"v") for number in range(20_000)), (b"x-1", b"v")],
        [(b"x-1", b"v")] * 20_000,
    ],
    ids=["each another but one", "all the same"],
)
def test_many_headers_are_no_work(raw: list[tuple[bytes, bytes]]) -> None:
    started = time.process_time()

    headers = read_headers(raw)

    assert set(headers["x-1"].split(", ")) == {"v"}
    assert headers["x-1"].count("v") == raw.count((b"x-1", b"v"))
    assert time.process_time() - started < 2


def test_header_that_is_given_twice_is_joined_in_whatever_case() -> None:
    headers = read_headers([(b"mcp-name", b"one"), (b"MCP-Name", b" two "), (b"Accept", b"*/*")])

    assert headers == {"mcp-name": "one, two", "accept": "*/*"}
