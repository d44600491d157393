"""SKILL.md -> Manifest, or InvalidSkill with all its problems. Pure.

The frontmatter is kept verbatim, since the Skills extension of MCP serves all of it. `manifest_fields`
has the rules for each field.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .client_limits import check_client_limits
from .delimiter_mending import line_mends, mend_delimiters
from .frontmatter import parse_frontmatter
from .frontmatter_mending import mend_frontmatter
from .manifest_fields import SKILL_MD, Rules, check_fields
from .paths import printable
from .problems import InvalidSkill, Mend, Mended, Params, Problem, Report

_DELIMITER = re.compile(r"---[ \t]*(?:\r\n?|\n|\Z)")
_MORE_AFTER_HYPHENS = re.compile(r"---[ \t]*[^-\s]")
_ALMOST_CLOSING = re.compile(r"(?:^|[\r\n])[ \t]{0,8}(---)")
_NOT_MENDABLE = {"frontmatter-too-large", "yaml-too-deep", "yaml-character", "yaml-complex-key", "yaml-merge-key"}
"""Problems of dangerous YAML, or of YAML that is slow to parse again."""
_ANY = Rules()
_CLOSING = re.compile(r"(?<=[\r\n])" + _DELIMITER.pattern)


@dataclass(frozen=True)
class Manifest:
    """A parsed SKILL.md: verbatim frontmatter, instructions (`body`) and warnings."""

    name: str
    description: str
    frontmatter: dict[str, Any]
    body: str
    warnings: tuple[Problem, ...] = ()


def parse_manifest(text: str, rules: Rules = _ANY) -> Manifest:
    """Parse and check a SKILL.md. Raises InvalidSkill with all problems."""
    report = Report()
    try:
        document = split_document(text)
    except InvalidSkill as invalid:
        raise InvalidSkill(invalid.problems, mended=_mend_document(text, rules)) from None
    if not document.body.strip():
        report.error("body-empty", file=SKILL_MD, line=document.closing_line)
    if "\0" in document.body:
        line = document.closing_line + _line_number(document.body, document.body.index("\0"))
        report.error("body-nul", file=SKILL_MD, line=line)
    frontmatter = parse_frontmatter(document.frontmatter, report, file=SKILL_MD, first_line=2)
    if frontmatter is not None:
        check_fields(frontmatter, report, rules)
    if frontmatter is None or report.failed:
        codes = {problem.code for problem in report.problems}
        mended = None if codes & _NOT_MENDABLE else _mend_frontmatter(text, document)
        raise InvalidSkill(_add_suggestions(report.problems, mended), mended=mended)
    check_client_limits(frontmatter, report, file=SKILL_MD)
    values = frontmatter.values
    return Manifest(values["name"], values["description"], values, document.body, tuple(report.problems))


def _mend_frontmatter(text: str, document: Document) -> Mended | None:
    """The text with its frontmatter mended, if possible."""
    found = mend_frontmatter(document.frontmatter)
    if found is None:
        return None
    frontmatter, mends = found
    start = text.index(document.frontmatter, len("---"))
    made = text[:start] + frontmatter + text[start + len(document.frontmatter) :]
    return Mended(made, tuple(replace(mend, line=mend.line + 1) for mend in mends))


def _mend_document(text: str, rules: Rules) -> Mended | None:
    """The text with its `---` lines and frontmatter mended, if possible."""
    head = mend_delimiters(text)
    if head is None:
        return None
    body = text[len(head.before) :]
    made = head.after + body
    try:
        parse_manifest(made, rules)
    except InvalidSkill as further:
        if further.mended is not None:
            made = further.mended.text
        elif any(problem.code.startswith(("yaml-", "frontmatter-", "body-")) for problem in further.errors):
            return None
    return Mended(made, line_mends(head.before, made[: len(made) - len(body)]))


def _add_suggestions(problems: Collection[Problem], mended: Mended | None) -> list[Problem]:
    """Add the corrected line (`write`) to each error on a mendable line."""
    mends = {mend.line: mend for mend in mended.mends} if mended else {}
    changed = {line for line, mend in mends.items() if mend.after is not None}
    reported = {problem.line for problem in problems if problem.severity == "error"}
    # PyYAML stops at the first error, so the further ones are added here.
    further = [
        Problem("yaml-syntax", {"case": _yaml_case(mends[line])}, SKILL_MD, line) for line in sorted(changed - reported)
    ]
    return [
        replace(problem, params={**problem.params, "write": printable(after.strip())})
        if problem.severity == "error" and (after := _line_after(mends, problem.line))
        else problem
        for problem in (*problems, *further)
    ]


def _line_after(mends: Mapping[int, Mend], line: int | None) -> str | None:
    mend = mends.get(line) if line is not None else None
    return mend.after if mend else None


def _yaml_case(mend: Mend) -> str:
    is_indented = (mend.before or "").lstrip() == (mend.after or "").lstrip()
    return "further-tab" if is_indented else "further"


@dataclass(frozen=True)
class Document:
    """A SKILL.md split at its `---` lines; `closing_line` is the line number of the second one."""

    frontmatter: str
    body: str
    closing_line: int


def split_document(text: str) -> Document:
    """Split a SKILL.md into frontmatter and body; a byte order mark and CRLF line ends are allowed.

    The closing delimiter is a line of its own, so `---` inside a value is just text.
    Raises InvalidSkill if a delimiter is missing.
    """
    text = text.removeprefix("\ufeff")
    opening = _DELIMITER.match(text)
    if opening is None:
        raise InvalidSkill([_explain_missing(text)])
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise InvalidSkill([_explain_unclosed(text, opening.end())])
    frontmatter, body = text[opening.end() : closing.start()], text[closing.end() :]
    return Document(frontmatter, body, _line_number(text, closing.start()))


def _explain_missing(text: str) -> Problem:
    """Why the text does not begin with frontmatter."""
    params: Params = {}
    if _MORE_AFTER_HYPHENS.match(text):
        params = {"case": "text-after"}
    elif text.lstrip("\ufeff \t\r\n").startswith("---"):
        params = {"case": "space-before"}
    return Problem("frontmatter-missing", params, SKILL_MD, 1)


def _explain_unclosed(text: str, start: int) -> Problem:
    """Why the frontmatter that begins at `start` has no closing line."""
    almost = _ALMOST_CLOSING.search(text, start)
    if almost:
        return Problem("frontmatter-unclosed", {"case": "almost"}, SKILL_MD, _line_number(text, almost.start(1)))
    return Problem("frontmatter-unclosed", {}, SKILL_MD, _line_number(text, len(text.rstrip("\r\n"))))


def _line_number(text: str, index: int) -> int:
    """Line number (from 1) of the character at `index`; LF, CRLF and CR end lines."""
    return 1 + text.count("\n", 0, index) + text.count("\r", 0, index) - text.count("\r\n", 0, index)
