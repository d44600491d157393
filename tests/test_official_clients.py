"""The official clients in Python and TypeScript against a real server: all they can do, in both eras."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import MCPError
from mcp.client.client import Client
from mcp_types import (
    BlobResourceContents,
    PromptReference,
    Request,
    ResourceTemplateReference,
    Result,
    TextContent,
    TextResourceContents,
)
from pydantic import ConfigDict

from .conformance.offers import offers
from .conformance.skills import ATLAS, SKILLS
from .support.node_tools import answer_of
from .support.server import Server

pytest_plugins = ["tests.conformance.world"]

NEWEST_LEGACY, MODERN = "2025-11-25", "2026-07-28"
VERSIONS = {"auto": MODERN, "legacy": NEWEST_LEGACY}
EXTENSION = "io.modelcontextprotocol/skills"
DIGESTS = {
    f"skill://atlas/{path.replace(' ', '%20')}": hashlib.sha256(data).hexdigest() for path, data in ATLAS.items()
}
TREE = {
    "SKILL.md": "text/markdown",
    "assets": {"map.png": "image/png"},
    "references": {
        "europe": {"north": {"oslo.md": "text/markdown"}, "rome.md": "text/markdown"},
        "index.md": "text/markdown",
    },
    "scripts": {"find%20place.py": "text/x-python"},
}
OFFERED = offers()
TOOLS = sorted(["read_skill_file", *SKILLS, *(tool.name for tool in OFFERED.tools)])
PROMPTS = sorted([*SKILLS, *(prompt.name for prompt in OFFERED.prompts)])


def url(server: Server) -> str:
    return f"{server.url}/mcp"


def named(entries: list[dict[str, Any]]) -> list[str]:
    """The names of what is listed, without what other tests published."""
    return [entry["name"] for entry in entries if entry["name"] != "weathervane"]


# Python


MODES = pytest.mark.parametrize("mode", ["auto", "legacy"])


@asynccontextmanager
async def connected(server: Server, mode: str) -> AsyncIterator[Client]:
    """A client that agreed on the newest revision of an era."""
    async with Client(url(server), mode=mode) as client:
        assert client.protocol_version == VERSIONS[mode]
        yield client


class Anything(Result):
    """A result of which the client's types know nothing."""

    model_config = ConfigDict(extra="allow")


async def ask(client: Client, method: str, **params: Any) -> dict[str, Any]:
    """The result of a method that the client has no function for."""
    request = Request[dict[str, Any], str](method=method, params=params)
    return (await client.session.send_request(request, Anything)).model_dump(by_alias=True)


@MODES
async def test_python_is_told_what_the_server_is(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        assert client.server_info is not None
        assert client.server_info.name == "skillkeeper"
        assert client.server_capabilities.extensions == {EXTENSION: {"directoryRead": True}}
        assert "Agent Skills" in (client.instructions or "")


@MODES
async def test_python_lists_everything(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        tools = (await client.list_tools()).tools
        prompts = (await client.list_prompts()).prompts
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates

        assert [tool.name for tool in tools if tool.name != "weathervane"] == TOOLS
        assert [prompt.name for prompt in prompts if prompt.name != "weathervane"] == PROMPTS
        assert set(DIGESTS) <= {resource.uri for resource in resources}
        assert "test://template/{id}/data" in [template.uri_template for template in templates]


@MODES
async def test_python_calls_a_skill(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        result = await client.call_tool("atlas", {"arguments": "Rome"})

        assert not result.is_error
        text, *links = result.content
        assert isinstance(text, TextContent)
        assert "# Atlas" in text.text
        assert {getattr(link, "uri", "") for link in links} == set(DIGESTS) - {"skill://atlas/SKILL.md"}


@MODES
async def test_python_gets_a_prompt(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        (message,) = (await client.get_prompt("atlas", {"arguments": "Rome"})).messages

        assert isinstance(message.content, TextContent)
        assert "ARGUMENTS: Rome" in message.content.text


@MODES
async def test_python_reads_what_the_manifest_says(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        entry = (await ask(client, "skills/get", uri="skill://atlas/SKILL.md"))["skill"]
        listed = (await ask(client, "skills/list"))["skills"]

        assert entry in listed
        assert {file["uri"]: file["digest"] for file in entry["resources"]} == {
            uri: f"sha256:{digest}" for uri, digest in DIGESTS.items()
        }
        for file in entry["resources"]:
            (content,) = (await client.read_resource(file["uri"])).contents
            data = bytes_of(content)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size"], DIGESTS[file["uri"]])


@MODES
async def test_python_walks_the_folders(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:

        async def walk(uri: str) -> dict[str, Any]:
            children = (await ask(client, "resources/directory/read", uri=uri))["resources"]
            return {
                child["uri"].rpartition("/")[2]: (
                    await walk(child["uri"]) if child["mimeType"] == "inode/directory" else child["mimeType"]
                )
                for child in children
            }

        assert await walk("skill://atlas") == TREE


@MODES
async def test_python_completes(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        template = ResourceTemplateReference(type="ref/resource", uri="test://template/{id}/data")
        prompt = PromptReference(type="ref/prompt", name="atlas")

        for reference, name in ((template, "id"), (prompt, "arguments")):
            assert (await client.complete(reference, {"name": name, "value": ""})).completion.values == []


@MODES
async def test_python_is_told_what_is_wrong(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        missing = -32602 if client.protocol_version == MODERN else -32002

        assert (await client.call_tool("atlas", {"nothing": "known"})).is_error
        for call, code in (
            (client.call_tool("nobody", {}), -32602),
            (client.get_prompt("nobody", {}), -32602),
            (client.read_resource("skill://nobody/SKILL.md"), missing),
            (ask(client, "skills/get", uri="skill://nobody/SKILL.md"), -32602),
            (ask(client, "resources/directory/read", uri="skill://atlas/SKILL.md"), -32602),
        ):
            with pytest.raises(MCPError) as refused:
                await call
            assert refused.value.error.code == code


@MODES
async def test_python_hears_how_far_a_call_has_come(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        heard: list[tuple[float, float | None]] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append((progress, total))

        await client.call_tool("test_tool_with_progress", {}, progress_callback=hear)

        assert heard == [(0, 100), (50, 100), (100, 100)]


@MODES
async def test_python_repeats_arguments_in_headers(official_server: Server, mode: Any) -> None:
    async with connected(official_server, mode) as client:
        await client.list_tools()

        (content,) = (await client.call_tool("test_x_mcp_header", {"region": "Zürich"})).content

        assert isinstance(content, TextContent)
        assert "Z" in content.text


def bytes_of(content: TextResourceContents | BlobResourceContents) -> bytes:
    """The bytes that were read."""
    return content.text.encode() if isinstance(content, TextResourceContents) else base64.b64decode(content.blob)


# TypeScript


@MODES
def test_typescript_does_all_a_host_does(official_server: Server, mode: str) -> None:
    seen = answer_of("client.mjs", url(official_server), mode)

    assert seen["errors"] == []
    assert (seen["version"], seen["server"]) == (VERSIONS[mode], "skillkeeper")
    assert (named(seen["tools"]), named(seen["prompts"])) == (TOOLS, PROMPTS)
    assert set(DIGESTS) <= {resource["uri"] for resource in seen["resources"]}
    assert "# Atlas" in seen["called"]["content"][0]["text"]
    assert seen["badArgument"]["isError"]
    assert "ARGUMENTS: Rome" in seen["prompt"]["messages"][0]["content"]["text"]
    assert seen["completion"]["completion"]["values"] == ["atlas"]
    assert (seen["unknownTool"], seen["unknownResource"]) == (-32602, -32602)  # which it makes of -32002


@MODES
def test_typescript_verifies_every_file_of_every_skill(official_server: Server, mode: str) -> None:
    seen = answer_of("client.mjs", url(official_server), mode)

    assert (seen["skillsSupported"], seen["directoryRead"]) == (True, True)
    assert {uri: digest for uri, digest in seen["files"].items() if uri in DIGESTS} == DIGESTS
    assert {uri.split("/")[2] for uri in seen["files"]} >= set(SKILLS)


def test_typescript_of_today_does_all_a_host_does(official_server: Server) -> None:
    seen = answer_of("client_v1.mjs", url(official_server))

    assert seen["errors"] == []
    assert (seen["version"], seen["session"], seen["server"]) == (NEWEST_LEGACY, True, "skillkeeper")
    assert (named(seen["tools"]), named(seen["prompts"])) == (TOOLS, PROMPTS)
    assert "# Atlas" in seen["called"]["content"][0]["text"]
    assert "ARGUMENTS: Rome" in seen["prompt"]["messages"][0]["content"]["text"]
    assert seen["read"][0]["text"] == "Rome\r\nis eternal"
    assert (seen["pong"], seen["unknownTool"]) == ({}, -32602)
