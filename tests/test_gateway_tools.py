"""Skills as tools: how they are listed, and what calling one answers."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import BOTH, LEGACY, MODERN, REVISIONS, base64_value, error_of, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]


async def tools(wire: Gateway, revision: str = "2025-11-25") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await result_of(wire, revision, "tools/list"))["tools"]
    return listed


async def call(wire: Gateway, arguments: Any = None, *, revision: str = "2025-11-25") -> dict[str, Any]:
    given = {} if arguments is None else {"arguments": arguments}
    return await result_of(wire, revision, "tools/call", {"name": "greeter", **given})


async def test_tools_are_listed_by_name_and_the_same_every_time(wire: Gateway, shelf: Shelf) -> None:
    for name in ("zebra", "b", "a10", "a-1"):
        shelf.publish(name)

    assert [tool["name"] for tool in await tools(wire)] == ["a-1", "a10", "b", "greeter", "zebra"]
    assert await tools(wire) == await tools(wire)


async def test_tool_says_what_the_skill_does_and_takes_one_text(wire: Gateway) -> None:
    [tool] = await tools(wire, MODERN)

    assert (tool["name"], tool["description"]) == ("greeter", "Greets people. Use when somebody arrives.")
    assert list(tool["inputSchema"]["properties"]) == ["arguments"]
    assert tool["inputSchema"]["properties"]["arguments"]["type"] == "string"
    assert tool["inputSchema"]["additionalProperties"] is False
    assert "required" not in tool["inputSchema"]


async def test_tool_takes_the_arguments_that_the_skill_declares(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(arguments="[from, to]", argument_hint='"[from] [to]"')

    [tool] = await tools(wire)

    assert list(tool["inputSchema"]["properties"]) == ["from", "to", "arguments"]
    assert tool["inputSchema"]["properties"]["arguments"]["description"].endswith("[from] [to]")


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"argument_hint": "[issue]"}, "[issue]"),
        ({"argument_hint": '["issue", "fix"]'}, "[issue] [fix]"),
        ({"arguments": "from to"}, "[from] [to]"),
        ({"arguments": "arguments"}, "anything to say."),
        ({"argument_hint": "", "arguments": ""}, "anything to say."),
    ],
)
async def test_tool_hints_at_its_arguments(wire: Gateway, shelf: Shelf, fields: dict[str, Any], hint: str) -> None:
    shelf.publish(**fields)

    [tool] = await tools(wire)

    assert tool["inputSchema"]["properties"]["arguments"]["description"].endswith(hint)


async def test_when_to_use_is_part_of_the_description(wire: Gateway, shelf: Shelf) -> None:
    text = "---\nname: greeter\ndescription: Greets people.\nwhen_to_use: When a guest is at the door.\n---\nSay hello."
    shelf.publish(files={"SKILL.md": text})

    [tool] = await tools(wire)

    assert tool["description"] == "Greets people.\nWhen a guest is at the door."


@pytest.mark.parametrize("revision", REVISIONS)
async def test_tool_is_marked_harmless_where_the_revision_has_a_way_to(wire: Gateway, revision: str) -> None:
    [tool] = await tools(wire, revision)

    expected = None if revision == "2024-11-05" else {"readOnlyHint": True, "openWorldHint": False}
    assert tool.get("annotations") == expected


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({}, "Code review"),
        ({"title": "Review of code"}, "Review of code"),
        ({"metadata": "{title: In metadata}"}, "In metadata"),
        ({"title": "''"}, "Code review"),
        ({"title": "[a]"}, "Code review"),
    ],
)
@pytest.mark.parametrize("revision", REVISIONS)
async def test_title_is_the_frontmatters_or_the_name_in_words_where_the_revision_knows_titles(
    wire: Gateway, shelf: Shelf, revision: str, fields: dict[str, Any], title: str
) -> None:
    shelf.withdraw()
    shelf.publish("code-review", **fields)

    [tool] = await tools(wire, revision)
    assert tool.get("title") == (title if revision >= "2025-06-18" else None)
    assert tool["annotations" if revision >= "2025-03-26" else "name"]


@pytest.mark.parametrize("revision", BOTH)
async def test_skill_that_models_may_not_call_is_no_tool(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(disable_model_invocation="true")

    assert await tools(wire, revision) == []
    assert "Unknown tool: greeter" in (await error_of(wire, revision, "tools/call", {"name": "greeter"}))["message"]


@pytest.mark.parametrize("fields", [{"disable_model_invocation": "false"}, {"user_invocable": "false"}])
async def test_skill_that_says_otherwise_is_a_tool(wire: Gateway, shelf: Shelf, fields: dict[str, Any]) -> None:
    shelf.publish(**fields)

    assert (await call(wire))["isError"] is False


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("arguments", [None, {}])
async def test_call_answers_with_the_instructions_below_the_frontmatter(
    wire: Gateway, revision: str, arguments: Any
) -> None:
    result = await call(wire, arguments, revision=revision)

    assert result["isError"] is False
    assert result["content"] == [{"type": "text", "text": "\nSay hello.\n"}]


@pytest.mark.parametrize("revision", BOTH)
async def test_arguments_are_put_into_the_instructions(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(body="Greet $who in $ARGUMENTS[1] from ${CLAUDE_SKILL_DIR}.", arguments="who how")

    by_text = await call(wire, {"arguments": "'Mr X' French"}, revision=revision)
    by_name = await call(wire, {"who": "Mr X", "how": "French"}, revision=revision)

    assert by_text["content"][0]["text"] == "\nGreet Mr X in French from skill://greeter.\n"
    assert by_text == by_name


async def test_arguments_that_the_instructions_have_no_place_for_are_appended(wire: Gateway) -> None:
    assert (await call(wire, {"arguments": "in French"}))["content"][0]["text"] == (
        "\nSay hello.\n\nARGUMENTS: in French\n"
    )


async def test_instructions_are_cut_out_of_a_file_with_a_byte_order_mark_and_crlf(wire: Gateway, shelf: Shelf) -> None:
    text = "\ufeff---\r\nname: greeter\r\ndescription: Greets.\r\n---\r\nSay\r\n---\r\nhello to $ARGUMENTS.\r\n"
    shelf.publish(files={"SKILL.md": text})

    assert (await call(wire, {"arguments": "all"}))["content"][0]["text"] == "Say\r\n---\r\nhello to all.\r\n"


async def test_commands_in_instructions_stay_text(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(body="!`cat /etc/passwd`\n\n```!\nid\n```")

    assert (await call(wire))["content"][0]["text"] == "\n!`cat /etc/passwd`\n\n```!\nid\n```\n"


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
async def test_call_links_to_the_other_files(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(files={"references/guide & más.md": "# Guide", "logo.png": b"\x89PNG\0"})

    content = (await call(wire, revision=revision))["content"]

    assert [item["type"] for item in content] == ["text", "resource_link", "resource_link"]
    assert content[1] == {
        "type": "resource_link",
        "uri": "skill://greeter/logo.png",
        "name": "logo.png",
        "mimeType": "image/png",
        "size": 5,
    }
    read = await result_of(wire, revision, "resources/read", {"uri": content[2]["uri"]})
    assert read["contents"][0]["text"] == "# Guide"


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26"])
async def test_call_names_the_other_files_where_the_revision_has_no_links(
    wire: Gateway, shelf: Shelf, revision: str
) -> None:
    shelf.publish(files={"references/guide.md": "# Guide"})

    content = (await call(wire, revision=revision))["content"]

    assert [item["type"] for item in content] == ["text", "text"]
    assert "skill://greeter/references/guide.md" in content[1]["text"]


@pytest.mark.parametrize("revision", BOTH)
async def test_call_names_the_other_files_where_the_deployment_wants_no_links(
    wire: Gateway, shelf: Shelf, settings: Any, revision: str
) -> None:
    settings.MCP_RESOURCE_LINKS = False
    shelf.publish(files={"references/guide.md": "# Guide"})

    content = (await call(wire, revision=revision))["content"]

    assert [item["type"] for item in content] == ["text", "text"]
    assert "skill://greeter/references/guide.md" in content[1]["text"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"volume": "loud"}, "Unknown argument volume; greeter takes: arguments, who."),
        ({"arguments": 5}, "Argument arguments must be a string."),
        ({"who": None}, "Argument who must be a string."),
        ({"who": ["a"]}, "Argument who must be a string."),
        ({"b": 1, "a": 2}, "Unknown argument a, b; greeter takes: arguments, who."),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_bad_argument_is_told_to_the_model(
    wire: Gateway, shelf: Shelf, revision: str, arguments: Any, message: str
) -> None:
    shelf.publish(arguments="who")

    result = await call(wire, arguments, revision=revision)

    assert result["isError"] is True
    assert result["content"] == [{"type": "text", "text": message}]


@pytest.mark.parametrize("name", ["nobody", "Greeter", "greeter ", "", "skill://greeter", "\u0000", "x" * 5000])
@pytest.mark.parametrize("revision", BOTH)
async def test_unknown_tool_is_a_protocol_error(wire: Gateway, revision: str, name: str) -> None:
    error = await error_of(wire, revision, "tools/call", {"name": name}, mcp_name=base64_value(name))

    assert error["code"] == -32602
    assert error["message"] == f"Unknown tool: {name[:100]}"


@pytest.mark.parametrize("arguments", ["text", [], 5, True])
@pytest.mark.parametrize("revision", BOTH)
async def test_arguments_that_are_no_object_are_a_protocol_error(wire: Gateway, revision: str, arguments: Any) -> None:
    error = await error_of(wire, revision, "tools/call", {"name": "greeter", "arguments": arguments})

    assert error["code"] == -32602


@pytest.mark.parametrize("revision", [*LEGACY, MODERN])
async def test_tool_that_was_switched_off_is_gone_at_once(wire: Gateway, shelf: Shelf, revision: str) -> None:
    assert len(await tools(wire, revision)) == 1

    shelf.withdraw()

    assert await tools(wire, revision) == []
    assert (await error_of(wire, revision, "tools/call", {"name": "greeter"}))["code"] == -32602
