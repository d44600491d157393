"""Params of every method in every revision, each field broken in every way, held against the official schemas."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from mcp_gateway import providers

from .conftest import Gateway
from .support.gateway_asking import LEGACY, MODERN, VERSION, envelope, modern_headers, request, send
from .support.official_schemas import are_params_valid

pytest_plugins = ["tests.support.gateway_wire"]

PAGE = {"cursor": ""}
RESPONSES = {
    "inputResponses": {
        "a": {"action": "accept"},
        "b": {"roots": [{"uri": "file:///x"}]},
        "c": {"role": "user", "model": "m", "content": {"type": "text", "text": "t"}},
    },
    "requestState": "s",
}
SKILL_MD = "skill://greeter/SKILL.md"
BOTH: dict[str, dict[str, Any]] = {
    "tools/list": PAGE,
    "tools/call": {"name": "greeter", "arguments": {"arguments": "x"}, "task": {"ttl": 1}, **RESPONSES},
    "prompts/list": PAGE,
    "prompts/get": {"name": "greeter", "arguments": {"arguments": "x"}, **RESPONSES},
    "resources/list": PAGE,
    "resources/templates/list": PAGE,
    "resources/read": {"uri": SKILL_MD, **RESPONSES},
    "resources/directory/read": {"uri": "skill://greeter", **PAGE},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": "greeter", "title": "t"},
        "argument": {"name": "arguments", "value": "x"},
        "context": {"arguments": {"a": "b"}},
    },
    "skills/list": PAGE,
    "skills/get": {"uri": SKILL_MD},
}
CAPABILITIES = {
    "experimental": {"x": {}},
    "roots": {"listChanged": True},
    "sampling": {"context": {}, "tools": {}},
    "elicitation": {"form": {}, "url": {}},
    "tasks": {"list": {}, "cancel": {}, "requests": {"elicitation": {"create": {}}, "sampling": {"createMessage": {}}}},
    "extensions": {"x/y": {}},
}
CLIENT = {
    "name": "n", "version": "1", "title": "t", "description": "d", "websiteUrl": "https://example.com",
    "icons": [{"src": "https://example.com/i.png", "mimeType": "image/png", "sizes": ["any"], "theme": "dark"}],
}  # fmt: skip
ONLY_LEGACY: dict[str, dict[str, Any]] = {
    "initialize": {"protocolVersion": "", "capabilities": CAPABILITIES, "clientInfo": CLIENT},
    "ping": {},
    "logging/setLevel": {"level": "info"},
}
FILTER = {"toolsListChanged": True, "promptsListChanged": False, "resourceSubscriptions": [SKILL_MD]}
ONLY_MODERN: dict[str, dict[str, Any]] = {
    "server/discover": {},
    "subscriptions/listen": {"notifications": {**FILTER, "resourcesListChanged": True}},
}
CASES = [
    *((revision, method) for revision in LEGACY for method in (*BOTH, *ONLY_LEGACY)),
    *((MODERN, method) for method in (*BOTH, *ONLY_MODERN)),
]
OTHERS: tuple[Any, ...] = (None, True, 1.5, "text", [5], {"x": 5})

ABOUT_VALUES = ("Unknown", "Resource not found", "Not a directory", "Invalid params: this cursor", "who is missing")
"""How errors begin that are not about the shape of params."""


@pytest.fixture(autouse=True)
def logging_is_served(settings: Any) -> Iterator[None]:
    """By a provider, since no skill sends log messages."""
    settings.MCP_PROVIDERS = ["tests.support.offered.provide"]
    providers.changed()
    yield
    settings.MCP_PROVIDERS = []
    providers.changed()


def valid_params(revision: str, method: str) -> dict[str, Any]:
    """Params with every field that some revision has."""
    params = copy.deepcopy({**BOTH, **ONLY_LEGACY, **ONLY_MODERN}[method])
    if method == "initialize":
        params["protocolVersion"] = revision
    if revision == MODERN:
        whole = envelope(clientCapabilities=CAPABILITIES, clientInfo=CLIENT, logLevel="info")
        return {**params, "_meta": {**copy.deepcopy(whole), "progressToken": 1}}
    return {**params, "_meta": {"progressToken": "t"}}


def broken(value: Any) -> Iterator[Any]:
    """Copies of a value with one thing in it another, missing or too much."""
    yield from OTHERS
    if isinstance(value, dict):
        yield {**value, "unknown": 5}
        for key in value:
            yield {name: one for name, one in value.items() if name != key}
            yield from ({**value, key: other} for other in broken(value[key]))
    if isinstance(value, list):
        for other in broken(value[0]):
            yield [other]


def cases(revision: str, method: str) -> Iterator[dict[str, Any]]:
    whole = valid_params(revision, method)
    yield whole
    yield from (params for params in broken(whole) if isinstance(params, dict))


def headers_of(revision: str, method: str, params: dict[str, Any]) -> dict[str, str]:
    if revision == MODERN:
        return modern_headers(method, params)
    return {} if method == "initialize" else {VERSION: revision}


def judged_by(revision: str, method: str, params: dict[str, Any]) -> str:
    """The revision whose schema counts: a handshake that asks for none that is known gets the newest that has one."""
    if method != "initialize":
        return revision
    asked = params.get("protocolVersion")
    return asked if asked in LEGACY else LEGACY[-1]


@pytest.mark.parametrize(("revision", "method"), CASES)
async def test_params_are_refused_exactly_where_the_schema_refuses_them(
    wire: Gateway, revision: str, method: str
) -> None:
    verdicts = set()
    for params in cases(revision, method):
        # Without streams: a subscription would not end.
        headers = [*headers_of(revision, method, params).items(), ("content-type", "application/json")]
        body = request(method, params)
        answer = await wire.client.post("/mcp", json=body, headers=[*headers, ("accept", "application/json")])
        error = answer.json().get("error", {"code": None, "message": ""})
        refused = error["code"] == -32602 and not error["message"].startswith(ABOUT_VALUES)
        valid = are_params_valid(body, judged_by(revision, method, params))
        assert refused is not valid, (params, answer.text)
        assert error["code"] != -32603
        if refused:
            assert answer.status_code == (400 if revision == MODERN else 200)
        verdicts.add(valid)
    assert True in verdicts


@pytest.mark.parametrize("method", ["initialize", "tools/call", "prompts/get", "resources/read", "completion/complete"])
async def test_params_that_a_method_needs_cannot_be_left_out(wire: Gateway, method: str) -> None:
    for body in (request(method), {**request(method), "params": None}, request(method, {})):
        error = (await send(wire, body)).json()["error"]
        assert (error["code"], error["message"].endswith("is missing")) == (-32602, True)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"name": 5}, '"name" must be a string'),
        ({"name": "greeter", "arguments": []}, '"arguments" must be an object'),
        ({"name": "greeter", "_meta": 5}, '"_meta" must be an object'),
        ({"name": "greeter", "_meta": {"progressToken": 1.5}}, '"_meta.progressToken" must be a string or an integer'),
    ],
)
async def test_error_names_the_field(wire: Gateway, params: dict[str, Any], message: str) -> None:
    answer = await send(wire, request("tools/call", params))

    assert answer.json()["error"] == {"code": -32602, "message": f"Invalid params: {message}"}
