"""Skills as prompts: how they are listed, and what getting one answers."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, REVISIONS, ask, base64_value, error_of, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]


async def prompts(wire: Gateway, revision: str = "2025-11-25") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await result_of(wire, revision, "prompts/list"))["prompts"]
    return listed


async def get(wire: Gateway, arguments: Any = None, *, revision: str = "2025-11-25") -> str:
    """The text of the one message that getting the prompt answers with."""
    given = {} if arguments is None else {"arguments": arguments}
    result = await result_of(wire, revision, "prompts/get", {"name": "greeter", **given})
    [message] = result["messages"]
    assert (message["role"], message["content"]["type"]) == ("user", "text")
    return str(message["content"]["text"])


async def test_prompts_are_listed_by_name_and_the_same_every_time(wire: Gateway, shelf: Shelf) -> None:
    for name in ("zebra", "b", "a10", "a-1"):
        shelf.publish(name)

    assert [prompt["name"] for prompt in await prompts(wire)] == ["a-1", "a10", "b", "greeter", "zebra"]
    assert await prompts(wire) == await prompts(wire)


async def test_prompt_takes_one_text_and_what_the_skill_declares_and_needs_none(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(arguments="from to", argument_hint='"[from] [to]"')

    [prompt] = await prompts(wire, MODERN)

    assert (prompt["name"], prompt["description"]) == ("greeter", "Greets people. Use when somebody arrives.")
    assert [argument["name"] for argument in prompt["arguments"]] == ["from", "to", "arguments"]
    assert not any(argument["required"] for argument in prompt["arguments"])


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("arguments", [None, {}])
async def test_prompt_is_the_instructions_below_the_frontmatter(wire: Gateway, revision: str, arguments: Any) -> None:
    assert await get(wire, arguments, revision=revision) == "\nSay hello.\n"


@pytest.mark.parametrize("revision", BOTH)
async def test_arguments_are_put_into_the_prompt(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(body="Greet $who in $1.", arguments="who how")

    assert await get(wire, {"arguments": "'Mr X' French"}, revision=revision) == "\nGreet Mr X in French.\n"
    assert await get(wire, {"who": "Mr X"}, revision=revision) == "\nGreet Mr X in $1.\n"


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({}, ["prompts", "tools"]),
        ({"user_invocable": "true", "disable_model_invocation": "false"}, ["prompts", "tools"]),
        ({"user_invocable": "false"}, ["tools"]),
        ({"disable_model_invocation": "true"}, ["prompts"]),
        ({"user_invocable": "false", "disable_model_invocation": "true"}, []),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_frontmatter_decides_where_a_skill_is_offered(
    wire: Gateway, shelf: Shelf, revision: str, fields: dict[str, Any], offered: list[str]
) -> None:
    shelf.publish(**fields)

    for name, method in [("prompts", "prompts/get"), ("tools", "tools/call")]:
        assert len((await result_of(wire, revision, f"{name}/list"))[name]) == (name in offered)
        assert ("result" in await ask(wire, revision, method, {"name": "greeter"})) is (name in offered)
    assert len((await result_of(wire, revision, "skills/list"))["skills"]) == 1
    assert len((await result_of(wire, revision, "resources/list"))["resources"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"volume": "loud"}, "Unknown argument volume; greeter takes: arguments."),
        ({"arguments": 5}, 'Invalid params: "arguments.arguments" must be a string'),
        ({"arguments": None}, 'Invalid params: "arguments.arguments" must be a string'),
        ("text", 'Invalid params: "arguments" must be an object'),
        ([], 'Invalid params: "arguments" must be an object'),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_bad_argument_is_an_error(wire: Gateway, revision: str, arguments: Any, message: str) -> None:
    error = await error_of(wire, revision, "prompts/get", {"name": "greeter", "arguments": arguments})

    assert (error["code"], error["message"]) == (-32602, message)


@pytest.mark.parametrize("name", ["nobody", "GREETER", "", "skill://greeter/SKILL.md", "x" * 5000])
@pytest.mark.parametrize("revision", BOTH)
async def test_unknown_prompt_is_an_error(wire: Gateway, revision: str, name: str) -> None:
    error = await error_of(wire, revision, "prompts/get", {"name": name}, mcp_name=base64_value(name))

    assert (error["code"], error["message"]) == (-32602, f"Unknown prompt: {name[:100]}")


@pytest.mark.parametrize("revision", REVISIONS)
async def test_prompt_that_was_switched_off_is_gone_at_once(wire: Gateway, shelf: Shelf, revision: str) -> None:
    assert len(await prompts(wire, revision)) == 1

    shelf.withdraw()

    assert await prompts(wire, revision) == []
    assert (await error_of(wire, revision, "prompts/get", {"name": "greeter"}))["code"] == -32602
