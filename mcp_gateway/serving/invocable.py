"""Invoking skills: which are tools or prompts, their arguments, and their instructions with arguments filled in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from heapq import nsmallest

from mcp_gateway.cached_settings import settings
from mcp_gateway.call import Call
from mcp_gateway.wire.uris import skill_uri
from skills_registry import catalog
from skills_registry.bounded.pool import JobFailed, run_bounded
from skills_registry.catalog import PublishedSkill

from .completion_matches import best_matches
from .substitution import Filled, Form, fill_in, is_quick

_HINT_WORD = re.compile(r"\[[^\]]{0,200}\]|<[^>]{0,200}>|\([^)]{0,200}\)|\S+")
HINT_MAX = 4_000
"""Characters of an `argument-hint` that are searched for values."""
TYPED_MAX = 4_000
"""No suggestions for a longer text, because each suggestion repeats it."""
FILL_IN_SECONDS = 1.0
"""CPU time limit for filling in the arguments."""
UNKNOWN_LISTED_MAX = 5
"""How many unknown arguments an error names."""
FULL_TEXT = "arguments"
"""The argument that holds all arguments as one text, as a user would type them."""


class BadArgument(Exception):
    """Invalid arguments; the message is for the model or user who sent them."""


def is_tool(skill: PublishedSkill) -> bool:
    """Return whether models may invoke it: not with `disable-model-invocation: true`."""
    return catalog.is_tool(skill.frontmatter)


def is_prompt(skill: PublishedSkill) -> bool:
    """Return whether users may invoke it: not with `user-invocable: false`."""
    return catalog.is_prompt(skill.frontmatter)


def title(skill: PublishedSkill) -> str:
    """Return the title from the frontmatter (`title` or `metadata.title`), or else the name in words."""
    metadata = skill.frontmatter.get("metadata")
    for fields in (skill.frontmatter, metadata if isinstance(metadata, dict) else {}):
        given = fields.get("title")
        if isinstance(given, str) and given.strip():
            return given.strip()
    return skill.name.replace("-", " ").capitalize()


def description(skill: PublishedSkill) -> str:
    """Return the frontmatter's `description` and `when_to_use`."""
    when = skill.frontmatter.get("when_to_use")
    return f"{skill.description}\n{when}" if isinstance(when, str) else skill.description


def argument_descriptions(skill: PublishedSkill) -> dict[str, str]:
    """Return the skill's arguments with their descriptions. All are optional."""
    declared = [name for name in skill.argument_names if name != FULL_TEXT]
    usage = _hint(skill) or " ".join(f"[{name}]" for name in declared)
    about = f"All arguments as one text, as a user would type them: {usage}" if usage else (
        "What to apply the skill to, in words, if there is anything to say."
    )  # fmt: skip
    # Declared arguments first: for prompts, clients fill them with the user's words in this order.
    return {**{name: f"The skill's argument “{name}”." for name in declared}, FULL_TEXT: about}


def suggest_values(skill: PublishedSkill, argument: str, typed: str) -> list[str]:
    """Return suggestions for an argument from the `argument-hint`, such as `[staging|production]`.

    Returns none for a text above TYPED_MAX characters.
    """
    if len(typed) > TYPED_MAX:
        return []
    places = [_alternatives(word) for word in _HINT_WORD.findall(_hint(skill)[:HINT_MAX])]
    before, place = "", 0
    if argument == FULL_TEXT:
        before, space, typed = typed.rpartition(" ")
        before, place = before + space, len(before.split())
    else:
        names = skill.argument_names
        place = names.index(argument) if argument in names else len(places)
    return [f"{before}{value}" for value in best_matches(typed, places[place])] if place < len(places) else []


def _hint(skill: PublishedSkill) -> str:
    """Return the `argument-hint` as text."""
    hint = skill.frontmatter.get("argument-hint") or ""
    return hint if isinstance(hint, str) else " ".join(f"[{word}]" for word in hint)


def _alternatives(word: str) -> list[str]:
    values = word.strip("[]<>()").split("|")
    return [value.strip() for value in values if value.strip()] if len(values) > 1 else []


async def invoke(call: Call, skill: PublishedSkill) -> str:
    """Return the skill's instructions without frontmatter, with the call's arguments filled in.

    Raises BadArgument.
    """
    texts = _checked_texts(skill, call.arguments())
    body, most = await call.catalog.instructions(skill), settings.MCP_MAX_RESULT_BYTES
    names, declares = skill.argument_names, bool(skill.argument_names or _hint(skill))
    form = Form(body, texts.pop(FULL_TEXT, ""), texts, names, declares, skill_uri(skill.name), most)
    try:
        filled = fill_in(form) if is_quick(form) else await asyncio.to_thread(_fill_in_bounded, form)
    except JobFailed as error:
        raise BadArgument(f"The arguments cannot be filled into {skill.name}: {error}.") from None
    if filled.text is None:
        raise BadArgument(
            f"{skill.name} takes at most {most:,} bytes of arguments, counted at each place where they are inserted."
        )
    return filled.text


def _fill_in_bounded(form: Form) -> Filled:
    return run_bounded(FILL_IN_SECONDS, fill_in, form)


def _checked_texts(skill: PublishedSkill, arguments: Mapping[str, object]) -> dict[str, str]:
    known = dict.fromkeys((FULL_TEXT, *skill.argument_names))
    if unknown := nsmallest(UNKNOWN_LISTED_MAX, arguments.keys() - known.keys()):
        raise BadArgument(f"Unknown argument {', '.join(unknown):.200}; {skill.name} takes: {', '.join(known):.1000}.")
    texts: dict[str, str] = {}
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise BadArgument(f"Argument {name} must be a string.")
        texts[name] = value
    return texts
