"""One file has one address, however it is escaped and composed, for every method that takes one."""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import quote

import pytest

from invocations.events import InvocationEvent
from skills_registry.catalog import catalog_changed

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, base64_value, result_of
from .support.gateway_shelf import Shelf
from .support.gateway_streams import streaming

pytest_plugins = ["tests.support.gateway_wire"]

NFC = "größe/café 한.md"
NFD = unicodedata.normalize("NFD", NFC)
assert NFC != NFD


def every_form(path: str) -> list[str]:
    """A path as it is, escaped, escaped in small letters and escaped more than it must be, in both Unicode forms."""
    forms = []
    for form in (unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)):
        escaped = quote(form)
        over = "/".join("".join(f"%{byte:02X}" for byte in part.encode()) for part in form.split("/"))
        forms += [form, escaped, escaped.lower(), over]
    return forms


async def asked(wire: Gateway, revision: str, method: str, uri: str) -> dict[str, Any]:
    named = {"mcp_name": base64_value(uri)} if revision == MODERN and method == "resources/read" else {}
    return await result_of(wire, revision, method, {"uri": uri}, **named)


@pytest.mark.parametrize("stored", [NFC, NFD], ids=["NFC", "NFD"])
@pytest.mark.parametrize("revision", BOTH)
async def test_file_is_read_by_every_form_of_its_address(
    wire: Gateway, shelf: Shelf, revision: str, stored: str
) -> None:
    shelf.publish(files={stored: "found"})

    for form in every_form(NFC):
        [content] = (await asked(wire, revision, "resources/read", f"skill://greeter/{form}"))["contents"]
        assert content["text"] == "found"
        assert content["uri"] == f"skill://greeter/{quote(stored)}", "as it is listed"


@pytest.mark.parametrize("stored", [NFC, NFD], ids=["NFC", "NFD"])
@pytest.mark.parametrize("revision", BOTH)
async def test_folder_is_read_by_every_form_of_its_address(
    wire: Gateway, shelf: Shelf, revision: str, stored: str
) -> None:
    shelf.publish(files={stored: "found", f"{stored.partition('/')[0]}/sub/x.md": "x"})
    folder = f"skill://greeter/{quote(stored.partition('/')[0])}"

    for form in every_form("größe"):
        children = (await asked(wire, revision, "resources/directory/read", f"skill://greeter/{form}"))["resources"]
        assert sorted(child["uri"] for child in children) == sorted([
            f"skill://greeter/{quote(stored)}", f"{folder}/sub",
        ])  # fmt: skip
    [root] = [
        child["uri"]
        for child in (await asked(wire, revision, "resources/directory/read", "skill://gr%65eter"))["resources"]
        if child["mimeType"] == "inode/directory"
    ]
    assert root == folder


@pytest.mark.parametrize(
    "uri",
    [
        "skill://greeter/SKILL.md", "skill://greeter/%53KILL.md", "skill://greeter/SKILL%2Emd", "skill://gr%65eter/SKILL.md",
        "skill://%67%72eeter/%53%4B%49%4C%4C%2e%6d%64",
    ],
)  # fmt: skip
@pytest.mark.parametrize("revision", BOTH)
async def test_skill_is_got_and_recorded_by_every_form_of_its_address(
    wire: Gateway, recorded: list[InvocationEvent], revision: str, uri: str
) -> None:
    got = await asked(wire, revision, "skills/get", uri)
    read = await asked(wire, revision, "resources/read", uri)

    assert got["skill"]["uri"] == read["contents"][0]["uri"] == "skill://greeter/SKILL.md"
    assert [event.skill for event in recorded] == ["greeter", "greeter"]


@pytest.mark.parametrize("stored", [NFC, NFD], ids=["NFC", "NFD"])
async def test_tool_reads_a_file_by_both_unicode_forms_of_its_path(
    wire: Gateway, shelf: Shelf, settings: Any, stored: str
) -> None:
    settings.MCP_SKILL_TOOLS = "search"
    shelf.publish(files={stored: "found"})

    for path in (NFC, NFD):
        arguments = {"skill": "greeter", "path": path}
        result = await result_of(wire, MODERN, "tools/call", {"name": "read_skill_file", "arguments": arguments})
        assert result["content"][0]["text"] == "found"


@pytest.mark.parametrize("stored", [NFC, NFD], ids=["NFC", "NFD"])
async def test_subscription_tells_of_a_file_by_the_form_it_was_asked_for(
    wire: Gateway, shelf: Shelf, stored: str
) -> None:
    shelf.publish(files={stored: "before"})
    wanted = [f"skill://greeter/{form}" for form in every_form(NFC)]
    wish = {"notifications": {"resourceSubscriptions": wanted}}
    async with streaming(MODERN, "subscriptions/listen", wish) as stream:
        await stream.message()
        shelf.publish(files={stored: "after"})
        catalog_changed.send(sender=None)
        told = {(await stream.message())["params"]["uri"] for _ in wanted}

    assert told == set(wanted)


@pytest.mark.parametrize(
    "uri", ["skill://greeter/a%2Fb.md", "skill://greeter/a/../SKILL.md", "skill://greeter//SKILL.md"]
)
@pytest.mark.parametrize("method", ["resources/read", "skills/get", "resources/directory/read"])
async def test_address_of_something_else_is_not_found(wire: Gateway, shelf: Shelf, method: str, uri: str) -> None:
    shelf.publish(files={"a/b.md": "b"})

    with pytest.raises(KeyError, match="result"):
        await result_of(wire, "2025-11-25", method, {"uri": uri})
