"""What a request of 2026-07-28 must carry, in its body and in its headers, and how what it lacks is said."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import (
    BOTH,
    METHOD,
    MODERN,
    NAME,
    VERSION,
    ask,
    base64_value,
    envelope,
    error_of,
    modern_headers,
    request,
    result_of,
    send,
)
from .support.official_schemas import check_answer

pytest_plugins = ["tests.support.gateway_wire"]


BAD_ENVELOPES: list[tuple[str, Any, int]] = [
    ("no _meta", None, -32602),
    ("_meta null", {"_meta": None}, -32602),
    ("_meta a text", {"_meta": "2026-07-28"}, -32602),
    ("_meta empty", {"_meta": {}}, -32602),
    ("no version", {"_meta": envelope(protocolVersion=None)}, -32602),
    ("no capabilities", {"_meta": envelope(clientCapabilities=None)}, -32602),
    ("capabilities a list", {"_meta": envelope(clientCapabilities=[])}, -32602),
    ("version a number", {"_meta": envelope(protocolVersion=20260728)}, -32602),
    ("version a list", {"_meta": envelope(protocolVersion=[MODERN])}, -32602),
    ("unknown log level", {"_meta": envelope(logLevel="loud")}, -32602),
    ("log level a list", {"_meta": envelope(logLevel=["debug"])}, -32602),
    ("client a text", {"_meta": envelope(clientInfo="me")}, -32602),
    ("another version than the header's", {"_meta": envelope(protocolVersion="2025-11-25")}, -32020),
]


@pytest.mark.parametrize(
    ("params", "code"), [case[1:] for case in BAD_ENVELOPES], ids=[case[0] for case in BAD_ENVELOPES]
)
async def test_modern_request_without_a_whole_envelope_is_400(wire: Gateway, params: Any, code: int) -> None:
    headers = modern_headers("tools/list", {})

    response = await send(wire, request("tools/list", params, message_id="my id"), headers)

    check_answer(response.json(), "tools/list", MODERN)
    assert response.status_code == 400
    assert (response.json()["error"]["code"], response.json()["id"]) == (code, "my id")


@pytest.mark.parametrize("meta", [{"logLevel": "debug"}, {"clientInfo": None}])
async def test_what_an_envelope_may_say_or_leave_out_is_accepted(wire: Gateway, meta: dict[str, Any]) -> None:
    assert "result" in await ask(wire, MODERN, "tools/list", {"_meta": envelope(**meta)})


BAD_HEADERS: list[tuple[str, list[tuple[str, str]]]] = [
    ("no version", [(METHOD, "tools/call"), (NAME, "greeter")]),
    ("empty version", [(VERSION, ""), (METHOD, "tools/call"), (NAME, "greeter")]),
    ("legacy version", [(VERSION, "2025-11-25"), (METHOD, "tools/call"), (NAME, "greeter")]),
    ("unknown version", [(VERSION, "2027-01-01"), (METHOD, "tools/call"), (NAME, "greeter")]),
    ("version twice", [(VERSION, MODERN), (VERSION, MODERN), (METHOD, "tools/call"), (NAME, "greeter")]),
    ("no method", [(VERSION, MODERN), (NAME, "greeter")]),
    ("another method", [(VERSION, MODERN), (METHOD, "tools/list"), (NAME, "greeter")]),
    ("method in capitals", [(VERSION, MODERN), (METHOD, "Tools/Call"), (NAME, "greeter")]),
    ("method twice", [(VERSION, MODERN), (METHOD, "tools/call"), (METHOD, "tools/call"), (NAME, "greeter")]),
    ("no name", [(VERSION, MODERN), (METHOD, "tools/call")]),
    ("another name", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "deploy")]),
    ("name twice", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "greeter"), (NAME, "greeter")]),
    ("two names", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "greeter"), (NAME, "deploy")]),
    ("base64 of another name", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, base64_value("deploy"))]),
    ("not base64", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "=?base64?!!?=")]),
    ("base64 that is cut off", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "=?base64?Z3JlZXRlc?=")]),
    ("base64 of no UTF-8", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "=?base64?/w==?=")]),
    ("sentinel in capitals", [(VERSION, MODERN), (METHOD, "tools/call"), (NAME, "=?BASE64?Z3JlZXRlcg==?=")]),
]


@pytest.mark.parametrize("headers", [case[1] for case in BAD_HEADERS], ids=[case[0] for case in BAD_HEADERS])
async def test_headers_that_do_not_repeat_the_body_are_a_mismatch(
    wire: Gateway, headers: list[tuple[str, str]]
) -> None:
    body = request("tools/call", {"name": "greeter", "_meta": envelope()}, message_id="my id")

    response = await send(wire, body, headers)

    check_answer(response.json(), "tools/call", MODERN)
    assert response.status_code == 400
    assert (response.json()["error"]["code"], response.json()["id"]) == (-32020, "my id")


@pytest.mark.parametrize(
    ("method", "params"),
    [("prompts/get", {"name": "greeter"}), ("resources/read", {"uri": "skill://greeter/SKILL.md"})],
)
@pytest.mark.parametrize("name", [None, "deploy"])
async def test_every_method_that_names_something_repeats_it_in_a_header(
    wire: Gateway, method: str, params: dict[str, Any], name: str | None
) -> None:
    headers = {VERSION: MODERN, METHOD: method, **({NAME: name} if name else {})}

    response = await send(wire, request(method, {**params, "_meta": envelope()}), headers)

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32020)


@pytest.mark.parametrize(
    "name",
    [b"=?base64?\xe9?=", b"gr\xe9eter", b"gr\xc3\xa9eter", b"\xff\xfe", b"=?base64?\xff\xff\xff\xff?="],
    ids=repr,
)
async def test_header_that_is_not_ascii_is_a_mismatch(wire: Gateway, name: bytes) -> None:
    headers = [(b"Mcp-Protocol-Version", MODERN.encode()), (b"Mcp-Method", b"tools/call"), (b"Mcp-Name", name)]

    response = await send(wire, request("tools/call", {"name": "gréeter", "_meta": envelope()}), headers)

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32020)


@pytest.mark.parametrize(
    "headers",
    [
        {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "greeter"},
        {"mcp-protocol-version": f" {MODERN}\t", "MCP-METHOD": "tools/call  ", "mcp-name": "\t greeter "},
        {VERSION: MODERN, METHOD: "tools/call", NAME: base64_value("greeter")},
        {VERSION: MODERN, METHOD: "tools/call", NAME: "greeter", "mcp-param-anything": "ignored"},
    ],
    ids=["as written", "white space and case of names", "base64", "headers nobody asked for"],
)
async def test_headers_are_compared_as_http_means_them(wire: Gateway, headers: dict[str, str]) -> None:

    response = await send(wire, request("tools/call", {"name": "greeter", "_meta": envelope()}), headers)

    assert (response.status_code, response.json()["result"]["isError"]) == (200, False)


async def test_skills_get_needs_no_name_header(wire: Gateway) -> None:
    params = {"uri": "skill://greeter/SKILL.md", "_meta": envelope()}

    response = await send(wire, request("skills/get", params), {VERSION: MODERN, METHOD: "skills/get"})

    assert response.status_code == 200


@pytest.mark.parametrize("version", ["2025-11-25", "2027-01-01", "", "x" * 1000, "\u0000"])
async def test_version_that_is_not_served_is_answered_with_those_that_are(wire: Gateway, version: str) -> None:
    # A NUL is no header that a server lets pass, and no mismatch may hide what is tested here.
    headers = {VERSION: version, METHOD: "tools/list"}
    body = request("tools/list", {"_meta": envelope(protocolVersion=version)}, message_id=7)

    response = await send(wire, body, headers)

    assert (response.status_code, response.json()["id"]) == (400, 7)
    assert response.json()["error"] == {
        "code": -32022,
        "message": "Unsupported protocol version",
        "data": {"supported": [MODERN], "requested": version},
    }
    discovered = await result_of(wire, MODERN, "server/discover")
    assert discovered["supportedVersions"] == [MODERN]


@pytest.mark.parametrize(
    "method",
    ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "no/such", ""],
)
async def test_method_that_the_modern_revision_lacks_is_404(wire: Gateway, method: str) -> None:
    body = request(method, {"_meta": envelope()}, message_id="my id")

    response = await send(wire, body, {VERSION: MODERN, METHOD: method})

    check_answer(response.json(), method, MODERN)
    assert (response.status_code, response.json()["error"]["code"], response.json()["id"]) == (404, -32601, "my id")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", {"name": "nobody"}),
        ("tools/call", {}),
        ("tools/call", {"name": 5}),
        ("tools/call", {"name": "greeter", "arguments": "text"}),
        ("prompts/get", {"name": "nobody"}),
        ("prompts/get", {"name": "greeter", "arguments": {"nothing": "known"}}),
        ("prompts/get", {"name": "greeter", "arguments": []}),
        ("skills/get", {"uri": "skill://nobody/SKILL.md"}),
        ("skills/get", {}),
        ("resources/read", {}),
        ("resources/read", {"uri": ["skill://greeter/SKILL.md"]}),
        ("tools/list", {"cursor": "not one of ours"}),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_params_that_do_not_fit_are_32602(
    wire: Gateway, revision: str, method: str, params: dict[str, Any]
) -> None:

    assert (await error_of(wire, revision, method, params))["code"] == -32602


@pytest.mark.parametrize(("revision", "code", "status"), [("2025-11-25", -32002, 200), (MODERN, -32602, 400)])
async def test_resource_that_is_not_there_has_a_code_of_its_era(
    wire: Gateway, revision: str, code: int, status: int
) -> None:
    uri = "skill://nobody/SKILL.md"
    headers = modern_headers("resources/read", {"uri": uri}) if revision == MODERN else {VERSION: revision}
    params = {"uri": uri, **({"_meta": envelope()} if revision == MODERN else {})}

    response = await send(wire, request("resources/read", params), headers)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.json()["error"]["data"] == {"uri": uri}


@pytest.mark.parametrize("message_id", [0, -1, 1, 2**53, 2**63, "", "text", "😀", "\u0000"])
@pytest.mark.parametrize("method", ["tools/list", "no/such"])
async def test_id_comes_back_as_it_was(wire: Gateway, message_id: Any, method: str) -> None:
    for headers, meta in [({}, {}), ({VERSION: MODERN, METHOD: method}, {"_meta": envelope()})]:
        answer = (await send(wire, request(method, meta, message_id=message_id), headers)).json()
        assert (type(answer["id"]), answer["id"]) == (type(message_id), message_id)


@pytest.mark.parametrize("message_id", [None, True, 1.5, [1], {}, 2**70], ids=repr)
async def test_id_of_another_type_is_refused(wire: Gateway, message_id: Any) -> None:
    response = await send(wire, request("tools/list", message_id=message_id))

    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32600
    assert "id" not in response.json()
