"""YAML frontmatter -> JSON values, verbatim and safe. Pure.

The Skills extension of MCP serves frontmatter as JSON. Values that JSON lacks (dates, NaN, keys that are
not strings) are kept as the text in the file, with a warning, since clients that parse the file get other
values. Dangerous YAML is rejected: aliases, merge keys, custom tags, duplicate keys, deep nesting.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from .paths import printable
from .problems import Params, Report
from .yaml_scalars import BOOL, EXACT_FLOAT, FLOAT, INT, NULL, PREFIX, STR, TIMESTAMP, is_ambiguous, json_value

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16
EXCERPT_MAX = 80
"""Characters of a value or key quoted in a problem."""
_TAGS: dict[type[yaml.Event], set[str | None]] = {
    yaml.ScalarEvent: {None, "!", NULL, BOOL, INT, FLOAT, STR, TIMESTAMP},
    yaml.SequenceStartEvent: {None, "!", PREFIX + "seq"},
    yaml.MappingStartEvent: {None, "!", PREFIX + "map"},
}
_LINE_BREAK = re.compile(r"\r\n?|\n")
_NOT_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_BREAK_IN_YAML_1_1 = re.compile("[\x85\u2028\u2029]")
_COMMENT = re.compile(r"[ \t]+#([^\r\n]*)")
_PROSE = {("description",), ("when_to_use",), ("argument-hint",), ("license",), ("compatibility",)}
"""Fields whose value is prose, where ` #` hardly ever means a comment."""
_SYNTAX_CASES = (
    ("mapping values", "colon"),
    ("expected ':'", "no-colon"),
    ("'\\t' that cannot start", "tab"),
    ("that cannot start", "first-character"),
    ("escape", "escape"),
)
"""Part of PyYAML's message -> case of the problem; the first match counts."""


@dataclass
class Frontmatter:
    """Parsed frontmatter: JSON-safe `values`, and the line of SKILL.md for each.

    Keys of `lines` are paths, such as `("metadata", "version")`. A field with a line but no value was
    reported as invalid.
    """

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)


def parse_frontmatter(text: str, report: Report, *, file: str, first_line: int) -> Frontmatter | None:
    """Parse the text between the two `---` lines; `first_line` is its first line in the file.

    Problems go to `report`. None if the text is not a single YAML mapping.
    """
    if len(text.encode()) > MAX_BYTES:
        report.error("frontmatter-too-large", {"limit": MAX_BYTES // 1024}, file=file, line=first_line)
        return None
    return _Reader(text, report, file, first_line).read()


class _TooDeep(Exception):
    """A collection is nested too deeply; carries the event that begins it."""


class _Reader:
    """Builds values from YAML events, which carry aliases, tags and positions, and need no recursion."""

    def __init__(self, text: str, report: Report, file: str, first_line: int) -> None:
        self.text = text
        self.report = report
        self.file = file
        self.first_line = first_line
        self.line_ends = [match.end() for match in _LINE_BREAK.finditer(text)]
        self.lines: dict[tuple[str, ...], int] = {}
        self.errors = 0

    def read(self) -> Frontmatter | None:
        for match in _NOT_PRINTABLE.finditer(self.text):
            self.report_character(match.group(), match.start())
        for match in _BREAK_IN_YAML_1_1.finditer(self.text):
            self.warn_of_ambiguity({"case": "line-end", "character": _code_point(match.group())}, match.start())
        if self.errors:
            return None
        # PyYAML's stubs hardly cover events.
        self.loader: Any = yaml.SafeLoader(self.text)
        try:
            return self.read_document()
        except yaml.MarkedYAMLError as error:
            self.report_syntax(error)
        except _TooDeep as too_deep:
            # PyYAML's time grows with the square of the depth.
            self.error("yaml-too-deep", {"limit": MAX_DEPTH}, too_deep.args[0])
        except (ValueError, OverflowError):
            # The scanner passes any eight hexadecimal digits after \U to chr().
            at = self.loader.get_mark().index
            self.error("yaml-character", {"case": "escape"}, at)
        return None

    def read_document(self) -> Frontmatter | None:
        self.loader.get_event()
        if self.loader.check_event(yaml.StreamEndEvent):
            return Frontmatter()
        self.loader.get_event()
        root = self.loader.get_event()
        values = self.read_value(root, ())
        self.loader.get_event()
        if not self.loader.check_event(yaml.StreamEndEvent):
            second = self.loader.peek_event()
            self.error("yaml-syntax", {"case": "second-document"}, second)
            return None
        if isinstance(root, yaml.MappingStartEvent):
            return Frontmatter(values, self.lines)
        self.error("frontmatter-not-a-mapping", {}, root)
        return None

    def read_value(self, event: Any, path: tuple[str, ...]) -> Any:
        """Read the value that begins with an event; `path` holds the keys that lead to it."""
        if isinstance(event, yaml.AliasEvent):
            self.error("yaml-alias", {"name": _excerpt(str(event.anchor))}, event)
            return None
        if event.tag not in _TAGS[type(event)]:
            self.error("yaml-tag", {"name": _excerpt(event.tag.replace(PREFIX, "!!"))}, event)
            if isinstance(event, yaml.ScalarEvent):
                return None
        if isinstance(event, yaml.ScalarEvent):
            self.warn_of_comment(event, path)
            return self.read_scalar(event, path)
        if len(path) >= MAX_DEPTH:
            raise _TooDeep(event)
        return self.read_mapping(path) if isinstance(event, yaml.MappingStartEvent) else self.read_sequence(path)

    def read_sequence(self, path: tuple[str, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
            items.append(self.read_value(event, (*path, str(len(items)))))
        return items

    def read_mapping(self, path: tuple[str, ...]) -> dict[str, Any]:
        """Read a mapping, without invalid values."""
        values: dict[str, Any] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            errors = self.errors
            key = self.read_key(event, path)
            if key is None:
                self.skip(self.loader.get_event())
                continue
            value = self.read_value(self.loader.get_event(), (*path, key))
            if self.errors == errors:
                values[key] = value
        return values

    def read_key(self, event: Any, path: tuple[str, ...]) -> str | None:
        """The key as written, whatever its YAML type; None if it is not allowed."""
        if not isinstance(event, yaml.ScalarEvent):
            self.skip(event)
            self.error("yaml-complex-key", {}, event)
        elif event.value == "<<" and event.implicit[0]:
            self.error("yaml-merge-key", {}, event)
        elif (key := (*path, self.decode_text(event))) in self.lines:
            self.error("yaml-duplicate-key", {"key": _excerpt(key[-1]), "first_line": self.lines[key]}, event)
        else:
            self.lines[key] = self.line_of(event)
            self.check_key(event, key[-1])
            return key[-1]
        return None

    def check_key(self, event: Any, key: str) -> None:
        """Warn of a key that some parsers read as a number, date, boolean or null."""
        tag = self.resolve_tag(event)
        if tag != STR or is_ambiguous(tag, key, key, plain=event.implicit[0]):
            quoted = json.dumps(_excerpt(key), ensure_ascii=False)
            self.warn_of_ambiguity({"case": "key", "key": _excerpt(key), "quoted": quoted}, event)

    def skip(self, event: Any) -> None:
        """Skip the value that begins with an event."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = self.loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise _TooDeep(event)

    def read_scalar(self, event: Any, path: tuple[str, ...]) -> Any:
        text = self.decode_text(event)
        tag = self.resolve_tag(event)
        try:
            value = json_value(tag, text)
        except (ValueError, LookupError):
            self.error("yaml-value", {"text": _excerpt(text), "type": tag.removeprefix(PREFIX)}, event)
            return None
        if is_ambiguous(tag, text, value, plain=event.implicit[0]):
            self.warn_of_ambiguity({"text": _excerpt(text), **_how_to_write(path[-1], text, value)}, event)
        return value

    def warn_of_comment(self, event: Any, path: tuple[str, ...]) -> None:
        """Warn of a comment that looks like part of a plain value."""
        found = None if event.style else _COMMENT.match(self.text, event.end_mark.index)
        if found and event.value and (path[:1] in _PROSE or not found[1].startswith((" ", "#"))):
            params = {"comment": _excerpt(f"#{found[1]}")}
            self.report.warning("yaml-comment", params, file=self.file, line=self.line_of(event))

    def resolve_tag(self, event: Any) -> str:
        """The scalar's tag by YAML 1.1."""
        if event.tag not in (None, "!"):
            return str(event.tag)
        return str(self.loader.resolve(yaml.ScalarNode, event.value, event.implicit))

    def warn_of_ambiguity(self, params: Params, at: Any) -> None:
        self.report.warning("yaml-ambiguous", params, file=self.file, line=self.line_of(at))

    def decode_text(self, event: Any) -> str:
        """The scalar's text; characters from escapes are checked like those in the file."""
        # Like JSON, YAML may escape a character above U+FFFF as two surrogates.
        text: str = event.value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        for character in _NOT_PRINTABLE.findall(text):
            self.report_character(character, event)
        return text

    def report_character(self, character: str, at: Any) -> None:
        self.error("yaml-character", {"character": _code_point(character)}, at)

    def report_syntax(self, error: yaml.MarkedYAMLError) -> None:
        problem = error.problem or ""
        mark = error.problem_mark
        if mark is None or mark.index >= len(self.text) or "expected ':'" in problem:
            # An unfinished construct has to be corrected where it begins.
            mark = error.context_mark or mark
        case = next(({"case": case} for part, case in _SYNTAX_CASES if part in problem), {})
        reason = " ".join(part for part in (error.context, problem) if part)
        at = min(mark.index if mark else 0, max(len(self.text.rstrip()) - 1, 0))
        self.error("yaml-syntax", {**case, "reason": printable(reason)}, at)

    def error(self, code: str, params: Params, at: Any) -> None:
        self.errors += 1
        self.report.error(code, params, file=self.file, line=self.line_of(at))

    def line_of(self, at: Any) -> int:
        """Line in SKILL.md of an event, or of the character at an index."""
        index = at if isinstance(at, int) else at.start_mark.index
        return self.first_line + bisect.bisect_right(self.line_ends, index)


def _how_to_write(key: str, text: str, value: Any) -> dict[str, str]:
    """Problem parameters: how the value is read, and what to write instead; `key` is an index in a list."""
    if len(text) > EXCERPT_MAX:  # only text can be this long
        return {"case": "long-text"}
    begin = "- " if key.isdigit() else f"{_excerpt(key)}: "
    quoted = begin + json.dumps(text, ensure_ascii=False)
    if isinstance(value, str):
        return {"case": "text", "quoted": quoted}
    read_as = json.dumps(value)
    if isinstance(value, float) and abs(value) >= EXACT_FLOAT:
        return {"case": "inexact", "value": read_as, "quoted": quoted}
    return {"value": read_as, "quoted": quoted, "plain": begin + read_as}


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _excerpt(text: str) -> str:
    return printable(" ".join(text[:EXCERPT_MAX].split()))
