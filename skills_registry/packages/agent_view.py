"""What agents see of a package, and how that differs between two versions. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skills_registry.compare.word_diff import Piece, diff_words

from .manifest_fields import SKILL_MD, argument_names, is_prompt, is_tool

TOKENS_PER_FILE = 12
"""Tokens that a link to a file costs, apart from its path."""
WORD_DIFF_MAX = 4_000
"""Longest field, in characters, that is compared word by word."""
_ASCII = bytes(range(0x80))
_WIDE = bytes((*range(0xE3, 0xEE), 0xEF))
"""First UTF-8 bytes of Chinese, Japanese and Korean characters (U+3000 to U+DFFF, and from U+F000)."""
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class AgentView:
    """A package as agents see it; `other` holds the remaining frontmatter fields unchanged."""

    name: str
    description: str
    when_to_use: str
    tool: bool
    prompt: bool
    arguments: tuple[str, ...]
    argument_hint: str
    allowed_tools: str
    other: Mapping[str, Any]
    files: tuple[str, ...]

    @classmethod
    def of(cls, frontmatter: Mapping[str, Any], files: Iterable[Mapping[str, Any]]) -> AgentView:
        """Build the view from a version's `frontmatter` and `files`."""
        return cls(
            name=str(frontmatter["name"]),
            description=str(frontmatter["description"]),
            when_to_use=_joined_text(frontmatter.get("when_to_use")),
            tool=is_tool(frontmatter),
            prompt=is_prompt(frontmatter),
            arguments=argument_names(frontmatter),
            argument_hint=_joined_text(frontmatter.get("argument-hint")),
            allowed_tools=_joined_text(frontmatter.get("allowed-tools")),
            other={key: value for key, value in frontmatter.items() if key not in _KNOWN_KEYS},
            files=tuple(file["path"] for file in files if file["path"] != SKILL_MD),
        )

    def listing_tokens(self) -> int:
        """Estimate the tokens that listing this skill costs every agent, whether or not it is used."""
        return sum(
            estimate_tokens(text) for text in (self.name, self.description, self.when_to_use, self.argument_hint)
        )

    def instructions_tokens(self, body: str) -> int:
        """Estimate the tokens of one call: the instructions and the links to the files."""
        return estimate_tokens(body) + sum(estimate_tokens(path) + TOKENS_PER_FILE for path in self.files)


@dataclass(frozen=True)
class FieldChange:
    """A difference that agents see; `field` names a field of `AgentView` or of the frontmatter."""

    field: str
    before: Any
    after: Any

    def pieces(self) -> tuple[tuple[Piece, ...], tuple[Piece, ...]] | None:
        """Both texts with differing words marked; None unless both are non-empty text below WORD_DIFF_MAX."""
        one, other = self.before, self.after
        if (
            isinstance(one, str)
            and isinstance(other, str)
            and 0 < len(one) < WORD_DIFF_MAX
            and 0 < len(other) < WORD_DIFF_MAX
        ):
            return diff_words(one, other)
        return None


def changes_for_agents(before: AgentView, after: AgentView) -> list[FieldChange]:
    """What agents will see differently, most important first; `files` lists only removed and added paths."""
    changes = [
        FieldChange(field, getattr(before, field), getattr(after, field))
        for field in _FIELDS
        if getattr(before, field) != getattr(after, field)
    ]
    changes += [
        FieldChange(key, before.other.get(key), after.other.get(key))
        for key in sorted(before.other.keys() | after.other.keys())
        if before.other.get(key) != after.other.get(key)
    ]
    old, new = set(before.files), set(after.files)
    if old != new:
        changes.append(FieldChange("files", tuple(sorted(old - new)), tuple(sorted(new - old))))
    return changes


def estimate_tokens(text: str) -> int:
    """Estimate a text's tokens: one for four ASCII characters, one for each Chinese character."""
    # Counting bytes in chunks is about a hundred times faster than counting characters.
    return math.ceil(sum(_count_tokens(text[start : start + _CHUNK]) for start in range(0, len(text), _CHUNK)))


def _count_tokens(text: str) -> float:
    encoded = text.encode("utf-8", "surrogatepass")
    narrow, wide = (len(encoded) - len(encoded.translate(None, some)) for some in (_ASCII, _WIDE))
    return wide + narrow / 4 + (len(text) - wide - narrow) / 2


_FIELDS = (
    "name", "description", "when_to_use", "tool", "prompt", "arguments", "argument_hint", "allowed_tools",
)  # fmt: skip
_KNOWN_KEYS = {
    "name", "description", "when_to_use", "disable-model-invocation", "user-invocable", "arguments", "argument-hint",
    "allowed-tools",
}  # fmt: skip


def _joined_text(value: Any) -> str:
    """Text of a field that may also be a list of words."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
