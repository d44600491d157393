"""Corrects the `---` lines of a SKILL.md where the intent is clear. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from skills_registry.compare.line_diff import diff_lines, split_lines

from .frontmatter import MAX_BYTES
from .problems import Mend

_BEGIN = re.compile(r"[\ufeff \t\r\n]{0,1000}-{3,}[ \t]*(\r\n?|\n)")
_EXACT = re.compile(r"---[ \t]*[\r\n]*")
_ALMOST = re.compile(r"[ \t]{0,8}-{3,}[ \t]*[\r\n]*")
_YAML_GOES_ON = re.compile(r"[ \t]+\S|[\w.-]+[ \t]*:(?:[ \t\r\n]|\Z)")


@dataclass(frozen=True)
class Head:
    """A SKILL.md up to its instructions, before and after correcting the `---` lines."""

    before: str
    after: str


def mend_delimiters(text: str) -> Head | None:
    """Correct the `---` lines of a SKILL.md; None if they are right, or the intent is unclear.

    Corrected: whitespace before the opening line; a closing line that is indented or has too many hyphens; a
    missing closing line where a blank line or a heading ends the frontmatter.
    """
    begin = _BEGIN.match(text)
    if begin is None:
        return None
    rest = split_lines(text[begin.end() : begin.end() + MAX_BYTES])
    closing = _find_closing_line(rest)
    end = _find_end(rest) if closing is None else closing
    if end is None:
        return None
    frontmatter, line_end = "".join(rest[:end]), begin[1]
    before = begin[0] + frontmatter + ("" if closing is None else rest[closing])
    after = f"---{line_end}{frontmatter}---{line_end}"
    return Head(before, after) if before != after else None


def line_mends(before: str, after: str) -> tuple[Mend, ...]:
    """The lines that differ between two texts."""
    diff = diff_lines(before, after)
    return tuple(
        Mend(
            block.before.start + offset + 1 if old is not None else block.before.stop + 1,
            None if old is None else diff.before[old].rstrip("\r\n"),
            None if new is None else diff.after[new].rstrip("\r\n"),
        )
        for block in diff.blocks
        if not block.same
        for offset, (old, new) in enumerate(zip_longest(block.before, block.after))
    )


def _find_closing_line(lines: list[str]) -> int | None:
    """Index of the closing line: the first exact match, else the first near match."""
    for pattern in (_EXACT, _ALMOST):
        for index, line in enumerate(lines):
            if pattern.fullmatch(line):
                return index
    return None


def _find_end(lines: list[str]) -> int | None:
    """Index of the blank line or heading that ends the frontmatter; None if YAML may continue after it."""
    end = next((index for index, line in enumerate(lines) if not line.strip() or line.startswith("#")), None)
    if not end:
        return None
    following = next((line for line in lines[end:] if line.strip() and not line.startswith("#")), "")
    return None if _YAML_GOES_ON.match(following) else end
