"""Adds missing quotes to frontmatter that is invalid YAML but that most clients accept. Pure.

Those clients read a `key: value` line literally. A mend makes YAML read the same value, and removes a field that
is repeated with the same value. All other lines stay unchanged, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .frontmatter import parse_frontmatter
from .problems import Mend, Report

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_INDENT = re.compile(r"[ \t]*")
_ENTRY = re.compile(
    r"(?P<indent> *(?:- +)*)(?:(?P<key>[\w.-]+)[ \t]*:[ \t]+)?(?P<value>[^\s#][^\r\n]*?)(?P<end>[ \t]*[\r\n]*)"
)
"""A line with a value, after a key or as a list item."""
_TOP_KEY = re.compile(r"[\w.-]+[ \t]*:(?:[ \t\r\n]|\Z)")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]{0,2}([ \t]+#.*)?")
_TEXT_FIELDS = {"name", "description", "license", "compatibility", "when_to_use", "argument-hint", "allowed-tools"}


@dataclass(frozen=True)
class _Value:
    """A value that begins on its key's line, and its continuation lines."""

    line: int
    before: str
    """Text before the value on its line."""
    text: str
    after: str
    """Trailing whitespace and line end."""
    more: tuple[str, ...]
    key: str
    is_top: bool

    def snippet(self) -> str:
        """A YAML document with just this value."""
        return f"{self.key}: {self.text}{self.after}{''.join(self.more)}"


def mend_frontmatter(frontmatter: str) -> tuple[str, list[Mend]] | None:
    """The mended text and its mends, lines counting from 1; None if nothing can be mended safely."""
    lines = _LINE.findall(frontmatter)
    mended = [_replace_tabs(line) for line in _drop_repeated_fields(lines)]
    for value in list(_find_values(mended)):
        if _is_broken(value, has_anchors="&" in frontmatter):
            quoted = _quote(value)
            if quoted is None:
                return None
            mended[value.line : value.line + 1 + len(value.more)] = [
                value.before + quoted.text + quoted.after,
                *quoted.more,
            ]
    mends = [
        Mend(number, before.rstrip("\r\n"), after.rstrip("\r\n") if after else None)
        for number, (before, after) in enumerate(zip(lines, mended, strict=True), 1)
        if before != after
    ]
    text = "".join(mended)
    return (text, mends) if mends and _parse(text) is not None else None


def _drop_repeated_fields(lines: list[str]) -> list[str]:
    """Replace the lines of a repeated top-level field with ""."""
    starts = [at for at, line in enumerate(lines) if _TOP_KEY.match(line)]
    seen: set[str] = set()
    kept = list(lines)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        field = "".join(lines[start:end]).rstrip()
        if field in seen:
            kept[start:end] = [""] * (end - start)
        seen.add(field)
    return kept


def _replace_tabs(line: str) -> str:
    """Replace each tab of the indentation, which YAML forbids, with two spaces."""
    indent = _INDENT.match(line)[0]  # type: ignore[index]  # it matches anything
    return indent.replace("\t", "  ") + line[len(indent) :] if line.strip() else line


def _find_values(lines: list[str]) -> Iterator[_Value]:
    at = 0
    while at < len(lines):
        found = _ENTRY.fullmatch(lines[at])
        if found is None or not (found["key"] or found["indent"].strip()):
            at += 1
            continue
        end = _end_of_value(lines, at, len(found["indent"]) if found["key"] else found["indent"].rindex("-"))
        if not _BLOCK_HEADER.fullmatch(found["value"]):
            yield _Value(
                line=at,
                before=lines[at][: found.start("value")],
                text=found["value"],
                after=found["end"],
                more=tuple(lines[at + 1 : end]),
                key=found["key"] or "item",
                is_top=found["indent"] == "",
            )
        at = end


def _end_of_value(lines: list[str], start: int, indent: int) -> int:
    """Index after the last line indented by more than `indent`, across empty lines."""
    end = start + 1
    for at in range(start + 1, len(lines)):
        line = lines[at]
        if line.strip():
            if len(line) - len(line.lstrip(" ")) <= indent:
                break
            end = at + 1
    return end


def _is_broken(value: _Value, *, has_anchors: bool) -> bool:
    """Whether the value is invalid YAML, or is not text in a field that must be text.

    Valid YAML that is rejected as dangerous is not counted as broken.
    """
    report = Report()
    parsed = parse_frontmatter(value.snippet(), report, file="", first_line=1)
    codes = {problem.code for problem in report.problems if problem.severity == "error"}
    if codes:
        is_own_tag = value.text.startswith("!") and not value.text.startswith("!!")
        return (
            bool(codes & {"yaml-syntax"})
            or (codes == {"yaml-alias"} and not has_anchors)
            or (codes == {"yaml-tag"} and is_own_tag)
        )
    read = parsed.values.get(value.key) if parsed else None
    if not value.is_top or value.key not in _TEXT_FIELDS or value.more or read is None:
        return False
    is_text = isinstance(read, str) or (isinstance(read, list) and all(isinstance(item, str) for item in read))
    return not is_text and (value.key == "argument-hint" or not isinstance(read, list | dict))


def _quote(value: _Value) -> _Value | None:
    """The value in quotes; None if the author's intent is unclear."""
    text, more = value.text, value.more
    mark = text[0]
    if text.count("[") != text.count("]") or text.count("{") != text.count("}"):
        return None
    if any((entry := _ENTRY.fullmatch(line)) and (entry["key"] or entry["indent"].strip()) for line in more):
        return None
    if mark in "\"'":
        if more or len(text) < 2 or mark not in text[1:]:
            return None
        if text.endswith(mark):
            if mark == '"' and '\\"' in text:
                return None
            text = text[1:-1]
    whole = text + "".join(more)
    quote = "'" if "'" not in whole or '"' in whole or "\\" in whole else '"'
    escaped = [part.replace("'", "''") if quote == "'" else part for part in (text, *more)]
    escaped[0] = quote + escaped[0]
    last = escaped[-1].rstrip()
    if more:
        escaped[-1] = last + quote + more[-1][len(more[-1].rstrip()) :]
        made = replace(value, text=escaped[0], more=tuple(escaped[1:]))
    else:
        made = replace(value, text=escaped[0] + quote)
    return made if _reads_as(made, None if more else text) else None


def _reads_as(value: _Value, text: str | None) -> bool:
    """Whether the value parses as `text`, or as any text if that is None."""
    read = (_parse(value.snippet()) or {}).get(value.key)
    return isinstance(read, str) if text is None else read == text


def _parse(text: str) -> dict[str, object] | None:
    report = Report()
    frontmatter = parse_frontmatter(text, report, file="", first_line=1)
    return None if frontmatter is None or report.failed else frontmatter.values
