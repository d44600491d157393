"""A skill as something to call: whether as tool and prompt, with which arguments, and what comes back."""

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
"""Characters of a hint in which values to choose from are looked for."""
TYPED_MAX = 4_000
"""Characters of a text for which values are suggested; each suggestion repeats it."""
FILL_IN_SECONDS = 1.0
"""CPU time for filling in the arguments."""
UNKNOWN_NAMED = 5
"""Arguments that are named as unknown."""
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
    # Declared ones first: clients of prompts fill them with a user's words in this order.
    return {**{name: f"The skill's argument “{name}”." for name in declared}, FULL_TEXT: about}


def choices(skill: PublishedSkill, argument: str, typed: str) -> list[str]:
    """Values that fit what was typed for an argument, where the `argument-hint` names any: `[staging|production]`.

    None for a text above TYPED_MAX characters.
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
    body, most = await call.catalog.instructions(skill), settings.MCP_MAX_RESULT_BYTES
    names, declares = skill.argument_names, bool(skill.argument_names or _hint(skill))
    form = Form(body, texts.pop(FULL_TEXT, ""), texts, names, declares, skill_uri(skill.name), most)
    try:
        filled = fill_in(form) if is_quick(form) else await asyncio.to_thread(_fill_in_bounded, form)
    except JobFailed as failure:
        raise BadArgument(f"The arguments cannot be filled into {skill.name}: {failure}.") from None
    if filled.text is None:
        raise BadArgument(f"{skill.name} takes at most {most:,} bytes of arguments, counted wherever they are put in.")
    return filled.text


def _fill_in_bounded(form: Form) -> Filled:
    return run_bounded(FILL_IN_SECONDS, fill_in, form)


def _texts(skill: PublishedSkill, arguments: Mapping[str, object]) -> dict[str, str]:
    known = dict.fromkeys((FULL_TEXT, *skill.argument_names))
    if unknown := nsmallest(UNKNOWN_NAMED, arguments.keys() - known.keys()):
        raise BadArgument(f"Unknown argument {', '.join(unknown):.200}; {skill.name} takes: {', '.join(known):.1000}.")
    texts: dict[str, str] = {}
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise BadArgument(f"Argument {name} must be a string.")
        texts[name] = value
    return texts
