"""Arguments that headers repeat: a tool with `x-mcp-header` is called by who sends both alike, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_gateway import providers
from mcp_gateway.providers import Offers, Tool
from mcp_gateway.wire.eras.mirrored import MirroredArgument, mirrored_arguments

from .conftest import Gateway
from .support.gateway_asking import LEGACY, MODERN, ask, base64_value, result_of

pytest_plugins = ["tests.support.gateway_wire"]

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "sure": {"type": "boolean", "x-mcp-header": "Sure"},
        "deep": {"type": "object", "properties": {"er": {"type": "string", "x-mcp-header": "Deep-Er"}}},
        "free": {"type": "string"},
    },
}


def provide() -> Offers:
    """One tool that wants four arguments repeated."""

    async def call(call: Any) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": "called"}]}

    return Offers(tools=[Tool({"name": "route_", "inputSchema": SCHEMA}, call)])


@pytest.fixture(autouse=True)
def provided(settings: Any) -> Iterator[None]:
    settings.MCP_PROVIDERS = ["tests.test_gateway_mirrored.provide"]
    providers.changed()
    yield
    settings.MCP_PROVIDERS = []
    providers.changed()


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({}, {}),
        ({"free": "text"}, {"mcp_param_free": "ignored"}),
        ({"region": None}, {}),
        ({"region": "us-west1"}, {"mcp_param_region": "us-west1"}),
        ({"region": "us-west1"}, {"Mcp-Param-REGION": " us-west1\t"}),
        ({"region": "us-west1"}, {"mcp_param_region": base64_value("us-west1")}),
        ({"region": " héllo\n"}, {"mcp_param_region": base64_value(" héllo\n")}),
        ({"region": "=?base64?x?="}, {"mcp_param_region": base64_value("=?base64?x?=")}),
        ({"region": "=?base64?SGVsbG8="}, {"mcp_param_region": "=?base64?SGVsbG8="}),
        ({"region": ""}, {"mcp_param_region": ""}),
        ({"count": 42}, {"mcp_param_count": "42"}),
        ({"count": 42}, {"mcp_param_count": "42.0"}),
        ({"count": 42.0}, {"mcp_param_count": "42"}),
        ({"count": -(2**53) + 1}, {"mcp_param_count": "-9007199254740991"}),
        ({"sure": True}, {"mcp_param_sure": "true"}),
        ({"sure": False}, {"mcp_param_sure": "false"}),
        ({"deep": {"er": "x"}}, {"mcp_param_deep_er": "x"}),
        ({"deep": "no object"}, {}),
        ({"region": ["no", "text"]}, {}),
    ],
    ids=str,
)
async def test_headers_that_repeat_the_arguments_are_let_pass(
    wire: Gateway, arguments: dict[str, Any], headers: dict[str, str]
) -> None:
    assert await called(wire, arguments, headers) == "called"


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({"region": "us-west1"}, {}),
        ({"region": "us-west1"}, {"mcp_param_region": "us-east1"}),
        ({"region": "us-west1"}, {"mcp_param_region": "US-WEST1"}),
        ({"region": "Hello"}, {"mcp_param_region": "=?base64?SGVsbG8?="}),
        ({"region": "Hello"}, {"mcp_param_region": "=?base64?SGVs!!!bG8=?="}),
        ({"region": "Hello"}, {"mcp_param_region": ""}),
        ({}, {"mcp_param_region": "us-west1"}),
        ({"region": None}, {"mcp_param_region": "null"}),
        ({"region": ["us"]}, {"mcp_param_region": "us"}),
        ({"count": 42}, {"mcp_param_count": "43"}),
        ({"count": 42}, {"mcp_param_count": "4_2"}),
        ({"count": 42}, {"mcp_param_count": "forty-two"}),
        ({"count": 1}, {"mcp_param_count": "true"}),
        ({"sure": True}, {"mcp_param_sure": "True"}),
        ({"sure": True}, {"mcp_param_sure": "1"}),
        ({"deep": {"er": "x"}}, {}),
        ({"deep": {"er": "x"}}, {"mcp_param_deep_er": "y"}),
    ],
    ids=str,
)
async def test_headers_that_say_something_else_are_a_mismatch(
    wire: Gateway, arguments: dict[str, Any], headers: dict[str, str]
) -> None:
    assert await called(wire, arguments, headers) == -32020


@pytest.mark.parametrize("revision", LEGACY)
async def test_older_revisions_have_no_such_headers(wire: Gateway, revision: str) -> None:
    params = {"name": "route_", "arguments": {"region": "us-west1"}}

    assert (await result_of(wire, revision, "tools/call", params))["content"][0]["text"] == "called"


async def test_annotation_is_listed_for_clients_to_follow(wire: Gateway) -> None:
    listed = {tool["name"]: tool["inputSchema"] for tool in (await result_of(wire, MODERN, "tools/list"))["tools"]}

    assert listed["route_"] == SCHEMA


def test_annotations_are_found_where_properties_lead_to_them() -> None:
    assert mirrored_arguments(SCHEMA) == [
        MirroredArgument(("region",), "mcp-param-region"),
        MirroredArgument(("count",), "mcp-param-count"),
        MirroredArgument(("sure",), "mcp-param-sure"),
        MirroredArgument(("deep", "er"), "mcp-param-deep-er"),
    ]


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"properties": {"a": {"type": "string", "x-mcp-header": ""}}}, "part of a header's name"),
        ({"properties": {"a": {"type": "string", "x-mcp-header": "a b"}}}, "part of a header's name"),
        ({"properties": {"a": {"type": "string", "x-mcp-header": "a\r\n"}}}, "part of a header's name"),
        ({"properties": {"a": {"type": "number", "x-mcp-header": "A"}}}, "which a is not"),
        ({"properties": {"a": {"type": "array", "x-mcp-header": "A"}}}, "which a is not"),
        ({"properties": {"a": {"x-mcp-header": "A"}}}, "which a is not"),
        (
            {"properties": {name: {"type": "string", "x-mcp-header": name} for name in ("a", "A")}},
            "names mcp-param-a twice",
        ),
        (
            {"properties": {"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}},
            "through properties alone",
        ),
        ({"anyOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}, "through properties alone"),
        ({"type": "object", "x-mcp-header": "A"}, "through properties alone"),
    ],
    ids=str,
)
def test_annotation_that_clients_refuse_is_refused_at_the_start(schema: dict[str, Any], complaint: str) -> None:
    async def call(call: Any) -> dict[str, Any]:
        return {}

    with pytest.raises(ImproperlyConfigured, match=complaint):
        Offers.merge([Offers(tools=[Tool({"name": "bad_", "inputSchema": schema}, call)])])


async def called(wire: Gateway, arguments: dict[str, Any], headers: dict[str, str]) -> Any:
    """What the tool says, or the code of the refusal."""
    answer = await ask(wire, MODERN, "tools/call", {"name": "route_", "arguments": arguments}, **headers)
    return answer["error"]["code"] if "error" in answer else answer["result"]["content"][0]["text"]
