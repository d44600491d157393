"""completion/complete: what is suggested for arguments of prompts and of resource templates."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, REVISIONS, error_of, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

SKILL = {"type": "ref/resource", "uri": "skill://{skill}/SKILL.md"}
FILE = {"type": "ref/resource", "uri": "skill://{skill}/{+path}"}
GREETER = {"type": "ref/prompt", "name": "greeter"}


async def values(
    wire: Gateway, ref: dict[str, str], name: str, typed: str, revision: str = MODERN, **others: str
) -> list[str]:
    params = {"ref": ref, "argument": {"name": name, "value": typed}, "context": {"arguments": others}}
    completion = (await result_of(wire, revision, "completion/complete", params))["completion"]
    assert completion["total"] == len(completion["values"])
    assert completion["hasMore"] is False
    found: list[str] = completion["values"]
    return found


@pytest.mark.parametrize("revision", REVISIONS)
async def test_skills_are_suggested_that_begin_so_then_that_contain_it_then_that_have_its_letters(
    wire: Gateway, shelf: Shelf, revision: str
) -> None:
    for name in ("code-review", "review", "reviewer", "release-view", "deploy"):
        shelf.publish(name)

    assert await values(wire, SKILL, "skill", "Rev", revision) == ["review", "reviewer", "code-review", "release-view"]
    assert await values(wire, FILE, "skill", "dpl", revision) == ["deploy"]
    assert len(await values(wire, FILE, "skill", "", revision)) == 6


@pytest.mark.parametrize("revision", BOTH)
async def test_files_of_the_skill_are_suggested_that_the_context_names(
    wire: Gateway, shelf: Shelf, revision: str
) -> None:
    shelf.publish("deploy", files={"references/guide.md": "a", "scripts/run.py": "b"})

    assert await values(wire, FILE, "path", "ref", revision, skill="deploy") == ["references/guide.md"]
    assert len(await values(wire, FILE, "path", "", revision, skill="deploy")) == 3
    assert await values(wire, FILE, "path", "", revision, skill="nobody") == []
    assert await values(wire, FILE, "path", "", revision) == []


@pytest.mark.parametrize(
    ("name", "typed", "suggested"),
    [
        ("where", "", ["production", "staging"]),
        ("where", "st", ["staging"]),
        ("how", "", ["fast", "slow"]),
        ("what", "", []),
        ("arguments", "st", ["staging"]),
        ("arguments", "staging v1 f", ["staging v1 fast"]),
        ("arguments", "staging v", []),
        ("arguments", "staging v1 fast ", []),
        ("nothing", "", []),
    ],
)
async def test_alternatives_of_the_argument_hint_are_suggested(
    wire: Gateway, shelf: Shelf, name: str, typed: str, suggested: list[str]
) -> None:
    shelf.publish(arguments="where what how", argument_hint='"[staging|production] <version> fast|slow"')

    assert await values(wire, GREETER, name, typed) == suggested


async def test_suggestions_do_not_repeat_a_long_text_thousands_of_times(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(argument_hint="|".join("ab"[number % 2] for number in range(1999)))

    assert await values(wire, GREETER, "arguments", " " * 20_000) == []


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ({"type": "ref/prompt", "name": "nobody"}, "arguments"),
        ({"type": "ref/prompt", "name": "hidden"}, "where"),
        ({"type": "ref/resource", "uri": "skill://greeter/SKILL.md"}, "skill"),
        ({"type": "ref/resource", "uri": "file:///{path}"}, "path"),
        (SKILL, "path"),
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_nothing_is_suggested_for_what_is_not_there(
    wire: Gateway, shelf: Shelf, revision: str, ref: dict[str, str], name: str
) -> None:
    shelf.publish("hidden", user_invocable="false", arguments="where", argument_hint='"a|b"')

    assert await values(wire, ref, name, "", revision) == []


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"ref": GREETER},
        {"argument": {"name": "x", "value": ""}},
        {"ref": "greeter", "argument": {"name": "x", "value": ""}},
        {"ref": {"type": "ref/tool", "name": "greeter"}, "argument": {"name": "x", "value": ""}},
        {"ref": {"type": "ref/prompt"}, "argument": {"name": "x", "value": ""}},
        {"ref": GREETER, "argument": {"name": "x"}},
        {"ref": GREETER, "argument": {"name": 1, "value": ""}},
        {"ref": GREETER, "argument": {"name": "x", "value": ""}, "context": []},
        {"ref": GREETER, "argument": {"name": "x", "value": ""}, "context": {"arguments": []}},
    ],
)
@pytest.mark.parametrize("revision", BOTH)
async def test_question_that_is_not_whole_is_an_error(wire: Gateway, revision: str, params: dict[str, Any]) -> None:
    assert (await error_of(wire, revision, "completion/complete", params))["code"] == -32602
