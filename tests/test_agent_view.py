"""What agents see of a package, and what of it changes."""

from __future__ import annotations

from typing import Any

import pytest

from skills_registry.packages.agent_view import AgentView, FieldChange, changes_for_agents, estimate_tokens

FILES = [{"path": "SKILL.md"}, {"path": "a.md"}]


def view(files: Any = FILES, **fields: Any) -> AgentView:
    frontmatter = {"name": "greeter", "description": "Greets.", **fields}
    return AgentView.of(
        {key.replace("_", "-", 5) if key != "when_to_use" else key: value for key, value in frontmatter.items()}, files
    )


@pytest.mark.parametrize(
    ("after", "change"),
    [
        ({"description": "Waves."}, FieldChange("description", "Greets.", "Waves.")),
        ({"when_to_use": "At the door."}, FieldChange("when_to_use", "", "At the door.")),
        ({"disable_model_invocation": True}, FieldChange("tool", True, False)),
        ({"user_invocable": False}, FieldChange("prompt", True, False)),
        ({"arguments": "who when"}, FieldChange("arguments", (), ("who", "when"))),
        ({"argument_hint": ["[who]"]}, FieldChange("argument_hint", "", "[who]")),
        ({"allowed_tools": "Bash(*)"}, FieldChange("allowed_tools", "", "Bash(*)")),
        ({"model": "small"}, FieldChange("model", None, "small")),
        ({"files": [{"path": "SKILL.md"}, {"path": "b.md"}]}, FieldChange("files", ("a.md",), ("b.md",))),
    ],
)
def test_each_thing_that_agents_see_is_told(after: dict[str, Any], change: FieldChange) -> None:
    assert changes_for_agents(view(), view(**after)) == [change]


def test_nothing_is_told_where_agents_see_the_same() -> None:
    assert changes_for_agents(view(), view()) == []
    assert changes_for_agents(view(allowed_tools=["A", "B"]), view(allowed_tools="A B")) == []
    assert changes_for_agents(view(), view(disable_model_invocation=False)) == []


def test_a_longer_description_costs_every_agent_more_and_a_longer_text_only_those_who_call() -> None:
    assert view(description="Greets people, all of them.").listing_tokens() > view().listing_tokens()
    assert view().instructions_tokens("text " * 100) > view().instructions_tokens("text ")


def test_tokens_are_counted_by_script() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("abcd" * 10) == 10
    assert estimate_tokens("打招呼") == 3
