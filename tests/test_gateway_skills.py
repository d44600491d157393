"""The Skills extension: skills/list and skills/get."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, REVISIONS, error_of, result_of
from .support.gateway_shelf import Shelf
from .support.packages import skill_md

pytest_plugins = ["tests.support.gateway_wire"]

FRONTMATTER = """\
name: greeter
description: >-
  Greets people.
  Use when somebody arrives.
license: MIT
version: 1.0
date: 2026-07-28
enabled: yes
count: 12345678901234567890
empty:
list: [a, 1, true, null]
metadata:
  author: olga
  deep: {a: {b: [1.5, "x"]}}
allowed-tools: Read Bash(git:*)
Ünïcode key: 😀
"""


async def skills(wire: Gateway, revision: str = MODERN) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await result_of(wire, revision, "skills/list"))["skills"]
    return listed


@pytest.mark.parametrize("revision", REVISIONS)
async def test_entry_is_address_frontmatter_and_every_file(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(files={"references/a b.md": "a", "SKILL.md": skill_md()})

    [skill] = await skills(wire, revision)

    def resource(uri: str, content: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
        return {"uri": uri, "digest": digest, "size": len(content)}

    assert skill == {
        "uri": "skill://greeter/SKILL.md",
        "frontmatter": {"name": "greeter", "description": "Greets people. Use when somebody arrives."},
        "resources": [
            resource("skill://greeter/SKILL.md", skill_md()),
            resource("skill://greeter/references/a%20b.md", "a"),
        ],
    }


@pytest.mark.parametrize("revision", BOTH)
async def test_frontmatter_is_told_word_for_word(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(files={"SKILL.md": f"---\n{FRONTMATTER}---\nSay hello."})

    [skill] = await skills(wire, revision)

    assert skill["frontmatter"] == {
        "name": "greeter",
        "description": "Greets people. Use when somebody arrives.",
        "license": "MIT",
        "version": 1.0,
        "date": "2026-07-28",
        "enabled": True,
        "count": 12345678901234567890,
        "empty": None,
        "list": ["a", 1, True, None],
        "metadata": {"author": "olga", "deep": {"a": {"b": [1.5, "x"]}}},
        "allowed-tools": "Read Bash(git:*)",
        "Ünïcode key": "😀",
    }


async def test_skills_are_listed_by_name_with_those_that_are_neither_tool_nor_prompt(
    wire: Gateway, shelf: Shelf
) -> None:
    shelf.publish("hidden", user_invocable="false", disable_model_invocation="true")
    shelf.publish("a-first")

    assert [skill["frontmatter"]["name"] for skill in await skills(wire)] == ["a-first", "greeter", "hidden"]


@pytest.mark.parametrize("revision", BOTH)
async def test_every_listed_skill_can_be_got_and_is_the_same(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish("hidden", user_invocable="false", disable_model_invocation="true")
    shelf.publish("another", files={"a.md": "a"})

    for skill in await skills(wire, revision):
        assert (await result_of(wire, revision, "skills/get", {"uri": skill["uri"]}))["skill"] == skill


@pytest.mark.parametrize(
    "uri",
    [
        "skill://nobody/SKILL.md", "skill://greeter", "skill://greeter/", "skill://greeter/a.md", "greeter", "",
        "skill://greeter/skill.md", "skill://a/greeter/SKILL.md", "skill://greeter/greeter/SKILL.md",
        "skill://greeter/SKILL.md/", "skill://greeter/SKILL.md#", "SKILL://greeter/SKILL.md", "skill:///SKILL.md",
        "skill://GREETER/SKILL.md", "skill://greeter/a/SKILL.md", "\u0000",
    ],
)  # fmt: skip
@pytest.mark.parametrize("revision", BOTH)
async def test_address_of_no_skill_is_an_error(wire: Gateway, shelf: Shelf, revision: str, uri: str) -> None:
    shelf.publish(files={"a.md": "a", "a/SKILL.md": skill_md("a")})

    error = await error_of(wire, revision, "skills/get", {"uri": uri})

    assert (error["code"], error["data"]) == (-32602, {"uri": uri})


@pytest.mark.parametrize("method", ["skills/list", "skills/get"])
async def test_result_says_how_long_it_holds(wire: Gateway, method: str) -> None:
    result = await result_of(wire, MODERN, method, {"uri": "skill://greeter/SKILL.md"})

    assert (result["ttlMs"], result["cacheScope"]) == (1000, "public")


@pytest.mark.parametrize("revision", REVISIONS)
async def test_skill_that_was_switched_off_is_gone_at_once(wire: Gateway, shelf: Shelf, revision: str) -> None:
    assert len(await skills(wire, revision)) == 1

    shelf.withdraw()

    assert await skills(wire, revision) == []
    uri = {"uri": "skill://greeter/SKILL.md"}
    assert (await error_of(wire, revision, "skills/get", uri))["code"] == -32602
