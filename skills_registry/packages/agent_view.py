"""What an agent gets to see of a package, and what of that changes with another version. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skills_registry.compare.word_diff import Piece, diff_words

from .manifest_fields import SKILL_MD, argument_names, is_prompt, is_tool

TOKENS_PER_FILE = 12
"""What a link to a file costs besides its path."""
WORD_DIFF_MAX = 4_000
"""Characters of a field up to which the words that differ in it are marked."""
_ASCII = bytes(range(0x80))
_WIDE = bytes((*range(0xE3, 0xEE), 0xEF))
"""First bytes, in UTF-8, of the characters of Chinese, Japanese and Korean (U+3000 to U+DFFF, from U+F000)."""
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class AgentView:
    """A package through an agent's eyes; `other` are the frontmatter's further fields as they are."""

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
        """The view of a package by its frontmatter and its files, as versions record them."""
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
        """About how many tokens it costs every agent that this skill is listed, whether it is used or not."""
        return sum(
            estimate_tokens(text) for text in (self.name, self.description, self.when_to_use, self.argument_hint)
        )

    def instructions_tokens(self, body: str) -> int:
        """About how many tokens one call costs: the instructions, and the links to the files."""
        return estimate_tokens(body) + sum(estimate_tokens(path) + TOKENS_PER_FILE for path in self.files)


@dataclass(frozen=True)
class FieldChange:
    """One thing that agents see differently: `field` is a name of `AgentView`'s or of the frontmatter's."""

    field: str
    before: Any
    after: Any

    def pieces(self) -> tuple[tuple[Piece, ...], tuple[Piece, ...]] | None:
        """Before and after with the words marked that differ, where both are texts that are not too long."""
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
    """What agents will see differently, most weighty first; for `files` only the paths that go and come."""
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
    """About how many tokens a text is: four Latin letters make one, a Chinese character is one by itself."""
    # In pieces, and by bytes: of a text of megabytes each character would cost a hundred times as much.
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
    """A field that may be one text or a list of words."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
