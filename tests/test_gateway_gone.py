"""A skill that was switched off is at once, at every door, as if it had never been there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skills_registry.catalog import catalog_changed

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, ask, result_of
from .support.gateway_shelf import Shelf
from .support.gateway_streams import listening, streaming

pytest_plugins = ["tests.support.gateway_wire"]

GONE, NEVER = "payroll", "nothing"
"""A skill that is switched off, and a name as long that no skill ever had."""
WISH = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
LISTS = [f"notifications/{name}/list_changed" for name in ("prompts", "resources", "tools")]


@pytest.fixture
def full_shelf(shelf: Shelf) -> Shelf:
    """A shelf with the skill on it, in the middle of others."""
    shelf.publish(GONE, "Pay $ARGUMENTS.", files={"docs/salaries.md": "Much"}, arguments="who")
    shelf.publish("zebra")
    return shelf


def doors(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every way to ask for a skill by its name."""
    template = {"type": "ref/resource", "uri": "skill://{skill}/{+path}"}
    return [
        ("tools/call", {"name": name}),
        ("prompts/get", {"name": name, "arguments": {"who": "olga"}}),
        ("resources/read", {"uri": f"skill://{name}/SKILL.md"}),
        ("resources/read", {"uri": f"skill://{name}/docs/salaries.md"}),
        ("resources/directory/read", {"uri": f"skill://{name}"}),
        ("resources/directory/read", {"uri": f"skill://{name}/docs"}),
        ("skills/get", {"uri": f"skill://{name}/SKILL.md"}),
        ("completion/complete", {"ref": template, "argument": {"name": "skill", "value": name}}),
        (
            "completion/complete",
            {
                "ref": template,
                "argument": {"name": "path", "value": ""},
                "context": {"arguments": {"skill": name}},
            },
        ),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "who", "value": ""}},
        ),
    ]


@pytest.mark.parametrize("revision", BOTH)
async def test_every_door_answers_as_for_a_name_that_no_skill_ever_had(
    wire: Gateway, full_shelf: Shelf, revision: str
) -> None:
    there = [await ask(wire, revision, *door) for door in doors(GONE)]
    never = [await ask(wire, revision, *door) for door in doors(NEVER)]
    full_shelf.withdraw(GONE)
    gone = [await ask(wire, revision, *door) for door in doors(GONE)]

    for door, before, after, other in zip(doors(GONE), there, gone, never, strict=True):
        assert json.dumps(after).replace(GONE, NEVER) == json.dumps(other), door
        if door[1].get("ref", {}).get("type") != "ref/prompt":
            assert before != after, door


@pytest.mark.parametrize("revision", BOTH)
async def test_lists_and_their_counts_do_not_know_it(wire: Gateway, full_shelf: Shelf, revision: str) -> None:
    full_shelf.withdraw(GONE)

    for name in ("tools", "prompts", "resources", "skills"):
        found = (await result_of(wire, revision, f"{name}/list"))[name]
        assert len(found) == 2
        assert GONE not in json.dumps(found)
    template = {"type": "ref/resource", "uri": "skill://{skill}/{+path}"}
    params = {"ref": template, "argument": {"name": "skill", "value": ""}}
    completed = (await result_of(wire, revision, "completion/complete", params))["completion"]
    assert (completed["values"], completed["total"]) == (["greeter", "zebra"], 2)


@pytest.mark.parametrize("revision", BOTH)
async def test_streams_tell_of_it_and_what_is_read_then_is_without_it(
    wire: Gateway, full_shelf: Shelf, revision: str
) -> None:
    modern = revision == MODERN
    opened = streaming(MODERN, "subscriptions/listen", {"notifications": WISH}) if modern else listening(revision)
    async with opened as stream:
        if modern:
            await stream.message()
        full_shelf.withdraw(GONE)
        catalog_changed.send(sender=None)
        messages = [await stream.message() for _ in LISTS]
        listed = await result_of(wire, revision, "tools/list")

    assert sorted(message["method"] for message in messages) == LISTS
    assert GONE not in json.dumps(messages)
    assert [tool["name"] for tool in listed["tools"]] == ["greeter", "zebra"]
