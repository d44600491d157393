"""A skill as something to call: whether as tool and prompt, with which arguments, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping

from skills_registry import catalog
from skills_registry.catalog import PublishedSkill, argument_names, instructions

from .call import Call
from .substitution import collect, substitute
from .uris import skill_uri

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


def argument_descriptions(skill: PublishedSkill) -> dict[str, str]:
    """The arguments that may be given, all optional, with what each is."""
    declared = [name for name in argument_names(skill.frontmatter) if name != FULL_TEXT]
    hint = skill.frontmatter.get("argument-hint") or " ".join(f"[{name}]" for name in declared)
    shown = hint if isinstance(hint, str) else " ".join(f"[{word}]" for word in hint)
    about = f"All arguments as one text, as a user would type them: {shown}" if shown else (
        "What to apply the skill to, in words, where there is something to say."
    )  # fmt: skip
    return {FULL_TEXT: about, **{name: f"The skill's argument “{name}”." for name in declared}}


async def invoke(call: Call, skill: PublishedSkill) -> str:
    """The skill's instructions, without frontmatter and with the call's arguments in place.

    Raises BadArgument, and JsonRpcError where `arguments` is no object.
    """
    texts = _texts(skill, call.arguments())
    names = argument_names(skill.frontmatter)
    given = collect(texts.pop(FULL_TEXT, ""), texts, names)
    return substitute(instructions(await call.catalog.skill_md(skill)), given, names, skill_uri(skill.name))


def _texts(skill: PublishedSkill, arguments: Mapping[str, object]) -> dict[str, str]:
    known = argument_descriptions(skill)
    if unknown := sorted(set(arguments) - set(known)):
        raise BadArgument(f"Unknown argument {', '.join(unknown):.200}; {skill.name} takes: {', '.join(known)}.")
    texts: dict[str, str] = {}
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise BadArgument(f"Argument {name} must be a string.")
        texts[name] = value
    return texts
