"""A skill as something to call: whether as tool and prompt, with which arguments, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from skills_registry import catalog
from skills_registry.catalog import PublishedSkill

from .call import Call
from .matching import best_matches
from .substitution import Arguments, substitute
from .uris import skill_uri

_HINT_WORD = re.compile(r"\[[^\]]*\]|<[^>]*>|\([^)]*\)|\S+")
FULL_TEXT = "arguments"
"""The argument that carries everything as one text, as a user would type it."""


class BadArgument(Exception):
    """Arguments that do not fit the skill; the message is for the model or user who sent them."""


def is_tool(skill: PublishedSkill) -> bool:
    """Whether models may call it: not with `disable-model-invocation: true`."""
    return catalog.is_tool(skill.frontmatter)


def is_prompt(skill: PublishedSkill) -> bool:
    """Whether users may call it: not with `user-invocable: false`."""
    return catalog.is_prompt(skill.frontmatter)


def title(skill: PublishedSkill) -> str:
    """What people read in place of the name: the frontmatter's `title`, else the name in words."""
    metadata = skill.frontmatter.get("metadata")
    for fields in (skill.frontmatter, metadata if isinstance(metadata, dict) else {}):
        given = fields.get("title")
        if isinstance(given, str) and given.strip():
            return given.strip()
    return skill.name.replace("-", " ").capitalize()


def description(skill: PublishedSkill) -> str:
    """What the skill is for, and when to use it, in its author's words."""
    when = skill.frontmatter.get("when_to_use")
    return f"{skill.description}\n{when}" if isinstance(when, str) else skill.description


def argument_descriptions(skill: PublishedSkill) -> dict[str, str]:
    """The arguments that may be given, all optional, with what each is."""
    declared = [name for name in skill.argument_names if name != FULL_TEXT]
    shown = _hint(skill) or " ".join(f"[{name}]" for name in declared)
    about = f"All arguments as one text, as a user would type them: {shown}" if shown else (
        "What to apply the skill to, in words, where there is something to say."
    )  # fmt: skip
    return {FULL_TEXT: about, **{name: f"The skill's argument “{name}”." for name in declared}}


def choices(skill: PublishedSkill, argument: str, typed: str) -> list[str]:
    """Values that fit what was typed for an argument, where the `argument-hint` names any: `[staging|production]`."""
    places = [_alternatives(word) for word in _HINT_WORD.findall(_hint(skill))]
    before, place = "", 0
    if argument == FULL_TEXT:
        before, space, typed = typed.rpartition(" ")
        before, place = before + space, len(before.split())
    else:
        names = skill.argument_names
        place = names.index(argument) if argument in names else len(places)
    return [f"{before}{value}" for value in best_matches(typed, places[place])] if place < len(places) else []


def _hint(skill: PublishedSkill) -> str:
    """How the skill's arguments are written, as its author says."""
    hint = skill.frontmatter.get("argument-hint") or ""
    return hint if isinstance(hint, str) else " ".join(f"[{word}]" for word in hint)


def _alternatives(word: str) -> list[str]:
    values = word.strip("[]<>()").split("|")
    return [value.strip() for value in values if value.strip()] if len(values) > 1 else []


async def invoke(call: Call, skill: PublishedSkill) -> str:
    """The skill's instructions, without frontmatter and with the call's arguments in place.

    Raises BadArgument.
    """
    texts = _texts(skill, call.arguments())
    given = Arguments(texts.pop(FULL_TEXT, ""), texts, skill.argument_names)
    return substitute(await call.catalog.instructions(skill), given, skill_uri(skill.name))


def _texts(skill: PublishedSkill, arguments: Mapping[str, object]) -> dict[str, str]:
    known = dict.fromkeys((FULL_TEXT, *skill.argument_names))
    if unknown := sorted(arguments.keys() - known.keys()):
        raise BadArgument(f"Unknown argument {', '.join(unknown):.200}; {skill.name} takes: {', '.join(known)}.")
    texts: dict[str, str] = {}
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise BadArgument(f"Argument {name} must be a string.")
        texts[name] = value
    return texts
