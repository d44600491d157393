"""SKILL.md -> Manifest, or InvalidSkill with everything that is wrong with it. Pure.

The frontmatter is kept verbatim, since the Skills extension of MCP serves it whole; what each field
must look like is in `manifest_fields`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .frontmatter import parse_frontmatter
from .manifest_fields import SKILL_MD, check_fields
from .problems import InvalidSkill, Problem, Report

_DELIMITER = re.compile(r"---[ \t]*(?:\r\n?|\n|\Z)")
_CLOSING = re.compile(r"(?<=[\r\n])" + _DELIMITER.pattern)


@dataclass(frozen=True)
class Manifest:
    """What a SKILL.md says: the frontmatter verbatim, the instructions below it, and what is odd in it."""

    name: str
    description: str
    frontmatter: dict[str, Any]
    body: str
    warnings: tuple[Problem, ...] = ()


def parse_manifest(text: str, *, folder: str = "", allow_long_description: bool = False) -> Manifest:
    """Read and check a SKILL.md.

    `folder` is the name of the folder it stands in ("" where there is none, as at the root of a
    zip). With `allow_long_description` a description over 1,024 characters is a warning.
    Raises InvalidSkill with every problem found.
    """
    report = Report()
    document = split_document(text)
    if not document.body.strip():
        report.error(
            "body-empty",
            "there are no instructions after the frontmatter",
            "Write below the second `---` what the agent is to do.",
            file=SKILL_MD,
            line=document.closing_line,
        )
    if "\0" in document.body:
        line = document.closing_line + _line(document.body, document.body.index("\0"))
        report.error("body-nul", "there is a NUL character", "Remove it; SKILL.md is text.", file=SKILL_MD, line=line)
    frontmatter = parse_frontmatter(document.frontmatter, report, file=SKILL_MD, first_line=2)
    if frontmatter is None:
        raise InvalidSkill(report.problems)
    check_fields(frontmatter, report, folder=folder, allow_long_description=allow_long_description)
    report.raise_if_failed()
    values = frontmatter.values
    return Manifest(values["name"], values["description"], values, document.body, tuple(report.problems))


@dataclass(frozen=True)
class Document:
    """A SKILL.md cut at its `---` lines; `closing_line` is the number of the second one."""

    frontmatter: str
    body: str
    closing_line: int


def split_document(text: str) -> Document:
    """Cut a SKILL.md into frontmatter and body; a byte order mark and CRLF line ends are fine.

    The closing delimiter is a line of its own, so `---` inside a value is just text.
    Raises InvalidSkill where a delimiter is missing.
    """
    text = text.removeprefix("\ufeff")
    opening = _DELIMITER.match(text)
    if opening is None:
        hint = "Start SKILL.md with `---`, then `name:` and `description:`, then `---` again."
        raise InvalidSkill([Problem("frontmatter-missing", "the first line is not `---`", hint, SKILL_MD, 1)])
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        hint = "Put a line with just `---` between the frontmatter and the instructions."
        message, line = "the frontmatter has no closing `---`", _line(text, len(text.rstrip("\r\n")))
        raise InvalidSkill([Problem("frontmatter-unclosed", message, hint, SKILL_MD, line)])
    frontmatter, body = text[opening.end() : closing.start()], text[closing.end() :]
    return Document(frontmatter, body, _line(text, closing.start()))


def _line(text: str, index: int) -> int:
    """The number of the line on which a character stands, whatever ends the lines."""
    return 1 + text.count("\n", 0, index) + text.count("\r", 0, index) - text.count("\r\n", 0, index)
