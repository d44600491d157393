"""A SKILL.md whose `---` lines are wrong -> the same with right ones, where it is clear what is meant. Pure."""

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
    """The beginning of a SKILL.md up to its instructions, as it is and with the right `---` lines."""

    before: str
    after: str


def mend_delimiters(text: str) -> Head | None:
    """The head of a SKILL.md with its `---` lines mended; None where nothing is to be mended, or it is not clear how.

    What stands before the first line is only white space then; the closing line has spaces before it or too many
    hyphens, or it is missing and a blank line or a heading ends the frontmatter.
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
    """The index of the closing line: the first that is right, or else the first that is almost."""
    for pattern in (_EXACT, _ALMOST):
        for index, line in enumerate(lines):
            if pattern.fullmatch(line):
                return index
    return None


def _find_end(lines: list[str]) -> int | None:
    """The index of the blank line or the heading that ends the frontmatter; None where YAML may go on after it."""
    end = next((index for index, line in enumerate(lines) if not line.strip() or line.startswith("#")), None)
    if not end:
        return None
    following = next((line for line in lines[end:] if line.strip() and not line.startswith("#")), "")
    return None if _YAML_GOES_ON.match(following) else end
