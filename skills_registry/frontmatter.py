"""YAML frontmatter -> JSON values, verbatim and safe. Pure.

The Skills extension serves a skill's frontmatter as JSON, field by field, so whatever YAML can say
and JSON cannot (dates, NaN, keys that are not text, integers too large for a double) is kept as the
author's own text. What makes YAML dangerous or ambiguous is refused: aliases, merge keys, custom
tags, duplicate keys, deep nesting.
"""

from __future__ import annotations

import bisect
import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from .paths import printable
from .problems import Report

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16
EXACT_INTEGER = 2**53
"""Beyond this an integer does not survive a reader that uses doubles (RFC 8259, section 6)."""
NUMBER_MAX = 64
"""Longer numbers are kept as text; more digits are lost in a double, and YAML 1.1's base 60 takes long to compute."""

_PREFIX = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT = (_PREFIX + name for name in ("null", "bool", "int", "float"))
_STR, _TIMESTAMP, _SEQ, _MAP = (_PREFIX + name for name in ("str", "timestamp", "seq", "map"))
_TAGS: dict[type[yaml.Event], set[str | None]] = {
    yaml.ScalarEvent: {None, "!", _NULL, _BOOL, _INT, _FLOAT, _STR, _TIMESTAMP},
    yaml.SequenceStartEvent: {None, "!", _SEQ},
    yaml.MappingStartEvent: {None, "!", _MAP},
}
_LINE_BREAK = re.compile(r"\r\n?|\n")
_NOT_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE
_CORE_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_CORE_NUMBER = re.compile(r"[-+]?([0-9]+\.?|[0-9]*\.[0-9]+)([eE][-+]?[0-9]+)?|0o[0-7]+")
_COMMENT = re.compile(r"[ \t]+#([^\r\n]*)")
_PROSE = {("description",), ("when_to_use",), ("argument-hint",), ("license",), ("compatibility",)}
"""Fields in which a comment is hardly meant as one."""
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_SYNTAX_HINTS = (
    ("mapping values", "Put a value that contains `: ` in quotes, or fold it with `>-`; or mend the indentation."),
    ("expected ':'", "Write `key: value`, or indent the line if it continues the one before."),
    ("'\\t' that cannot start", "Indent with spaces."),
    ("that cannot start", "Put the value in quotes."),
    ("escape", "Use single quotes, in which a backslash is only a backslash."),
    ("", "Check indentation, quotes and brackets on this line and the one before."),
)
"""What to do, by a part of what PyYAML says; the first that fits."""


@dataclass
class Frontmatter:
    """Parsed frontmatter: JSON-safe `values`, and the line of SKILL.md on which each stands.

    `lines` knows values by the keys that lead to them, as `("metadata", "version")`. A field that
    has a line and no value is broken, and reported to be so.
    """

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)


def parse_frontmatter(text: str, report: Report, *, file: str, first_line: int) -> Frontmatter | None:
    """Parse the text between the two `---` lines; `first_line` is the file's line it starts on.

    What is wrong goes to `report`; None where the text is no YAML mapping to its end.
    """
    if len(text.encode()) > MAX_BYTES:
        what = f"the frontmatter is larger than {MAX_BYTES // 1024} KiB"
        hint = "Move long text into the body or into a file of its own."
        report.error("frontmatter-too-large", what, hint, file=file, line=first_line)
        return None
    return _Reader(text, report, file, first_line).read()


class _TooDeep(Exception):
    """A collection begins that is nested too deeply, with the event that begins it."""


class _Reader:
    """Builds values from YAML's events, which know aliases, tags and positions and do not recurse."""

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
            self.character_error(match.group(), match.start())
        if self.errors:
            return None
        # The stubs of PyYAML know next to nothing of events.
        self.loader: Any = yaml.SafeLoader(self.text)
        try:
            return self.document()
        except yaml.MarkedYAMLError as error:
            self.syntax_error(error)
        except _TooDeep as too_deep:
            # Reading on would take PyYAML time that grows with the square of the depth.
            what = f"values are nested more than {MAX_DEPTH} deep"
            self.error("yaml-too-deep", what, "Flatten the structure.", too_deep.args[0])
        except (ValueError, OverflowError):
            # The scanner passes any eight hexadecimal digits after \U to chr().
            at = self.loader.get_mark().index
            self.error("yaml-character", "an escape names a character that does not exist", "Correct it.", at)
        return None

    def document(self) -> Frontmatter | None:
        self.loader.get_event()
        if self.loader.check_event(yaml.StreamEndEvent):
            return Frontmatter()
        self.loader.get_event()
        root = self.loader.get_event()
        values = self.value(root, ())
        self.loader.get_event()
        if not self.loader.check_event(yaml.StreamEndEvent):
            second = self.loader.peek_event()
            self.error("yaml-syntax", "not valid YAML: a second document begins", "Remove this line.", second)
            return None
        if isinstance(root, yaml.MappingStartEvent):
            return Frontmatter(values, self.lines)
        hint = "Write at least `name: ...` and `description: ...`, one a line."
        self.error("frontmatter-not-a-mapping", "the frontmatter is not made of `key: value` lines", hint, root)
        return None

    def value(self, event: Any, path: tuple[str, ...]) -> Any:
        """The value that begins with an event; `path` is the keys that lead to it."""
        if isinstance(event, yaml.AliasEvent):
            self.error("yaml-alias", f"YAML alias `*{event.anchor}`", "Write the value out instead.", event)
            return None
        if event.tag not in _TAGS[type(event)]:
            shown = event.tag.replace(_PREFIX, "!!")
            self.error("yaml-tag", f"YAML tag `{shown}`", "Remove the tag; only plain data is accepted.", event)
        if isinstance(event, yaml.ScalarEvent):
            self.warn_of_comment(event, path)
            return self.scalar(event)
        if len(path) >= MAX_DEPTH:
            raise _TooDeep(event)
        return self.mapping(path) if isinstance(event, yaml.MappingStartEvent) else self.sequence(path)

    def sequence(self, path: tuple[str, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, str(len(items)))))
        return items

    def mapping(self, path: tuple[str, ...]) -> dict[str, Any]:
        """The values by key, without those that are broken."""
        values: dict[str, Any] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            errors = self.errors
            key = self.key(event, path)
            if key is None:
                self.skip(self.loader.get_event())
                continue
            value = self.value(self.loader.get_event(), (*path, key))
            if self.errors == errors:
                values[key] = value
        return values

    def key(self, event: Any, path: tuple[str, ...]) -> str | None:
        """The key's own text, whatever type YAML would give it; None where it cannot be a key."""
        if not isinstance(event, yaml.ScalarEvent):
            self.skip(event)
            self.error("yaml-complex-key", "a key is itself a list, a mapping or an alias", "Use text keys.", event)
        elif event.value == "<<" and event.implicit[0]:
            self.error("yaml-merge-key", "YAML merge key `<<`", "Write the values out.", event)
        elif (key := (*path, self.characters(event))) in self.lines:
            what = f"`{_shown(key[-1])}` is given twice, first on line {self.lines[key]}"
            self.error("yaml-duplicate-key", what, "Keep one of them.", event)
        else:
            self.lines[key] = self.line(event)
            return key[-1]
        return None

    def skip(self, event: Any) -> None:
        """Pass over the value that begins with an event."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = self.loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise _TooDeep(event)

    def scalar(self, event: Any) -> Any:
        text = self.characters(event)
        tag = event.tag
        if tag in (None, "!"):
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        try:
            value = _converted(tag, text)
        except (ValueError, LookupError):
            kind = tag.removeprefix(_PREFIX)
            self.error("yaml-value", f"`{_shown(text)}` is not a valid {kind}", "Quote it if it is text.", event)
            return None
        if event.implicit[0] and _differs_in_yaml_1_2(tag, text):
            read_as = "text" if tag == _STR else json.dumps(value)
            what = f"YAML parsers do not agree on `{_shown(text)}`; here it is read as {read_as}"
            hint = f'Quote it if it is text: "{_shown(text)}".'
            self.report.warning("yaml-ambiguous", what, hint, file=self.file, line=self.line(event))
        return value

    def warn_of_comment(self, event: Any, path: tuple[str, ...]) -> None:
        """Warn of what looks like a part of a plain value, and is a comment."""
        found = None if event.style else _COMMENT.match(self.text, event.end_mark.index)
        if found and event.value and (path[:1] in _PROSE or not found[1].startswith((" ", "#"))):
            what = f"`{_shown(f'#{found[1]}')}` after the value is a comment of YAML and is dropped"
            self.report.warning(
                "yaml-comment", what, "Quote the value if that belongs to it.", file=self.file, line=self.line(event)
            )

    def characters(self, event: Any) -> str:
        """The scalar's text, with what its escapes name checked like what stands in the file."""
        # YAML like JSON may write a character beyond U+FFFF as two surrogates.
        text: str = event.value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        for character in _NOT_PRINTABLE.findall(text):
            self.character_error(character, event)
        return text

    def character_error(self, character: str, at: Any) -> None:
        what = f"character U+{ord(character):04X} is not allowed in YAML"
        self.error("yaml-character", what, "Remove it; it is usually invisible and came in by copying.", at)

    def syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        problem = error.problem or "it breaks off"
        mark = error.problem_mark
        if mark is None or mark.index >= len(self.text) or "expected ':'" in problem:
            # What was begun and not finished is to be mended where it begins.
            mark = error.context_mark or mark
        hint = next(hint for part, hint in _SYNTAX_HINTS if part in problem)
        what = " ".join(part for part in (error.context, problem) if part)
        at = min(mark.index if mark else 0, max(len(self.text.rstrip()) - 1, 0))
        self.error("yaml-syntax", f"not valid YAML: {what}", hint, at)

    def error(self, code: str, message: str, hint: str, at: Any) -> None:
        self.errors += 1
        self.report.error(code, message, hint, file=self.file, line=self.line(at))

    def line(self, at: Any) -> int:
        """The line of SKILL.md on which an event begins, or the character at an index stands."""
        index = at if isinstance(at, int) else at.start_mark.index
        return self.first_line + bisect.bisect_right(self.line_ends, index)


def _converted(tag: str, text: str) -> Any:
    """The JSON value of a scalar, or its text where JSON has none. Raises ValueError or LookupError."""
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return yaml.SafeLoader.bool_values[text.lower()]
    if len(text) > NUMBER_MAX:
        return text
    if tag == _INT:
        integer = _CONSTRUCTOR.construct_yaml_int(yaml.ScalarNode(tag, text))
        return integer if abs(integer) <= EXACT_INTEGER else text
    if tag == _FLOAT:
        number = _CONSTRUCTOR.construct_yaml_float(yaml.ScalarNode(tag, text))
        return number if math.isfinite(number) else text
    return text


def _differs_in_yaml_1_2(tag: str, text: str) -> bool:
    """Whether a plain scalar has another type under YAML 1.2's core schema (`yes`, `010`, `1:30`, `1e3`)."""
    if tag == _BOOL:
        return text.lower() not in ("true", "false")
    if tag == _INT:
        return _CORE_INT.fullmatch(text) is None
    if tag == _FLOAT:
        return "_" in text or ":" in text
    return tag == _STR and _CORE_NUMBER.fullmatch(text) is not None


def _shown(text: str) -> str:
    return printable(" ".join(text[:80].split()))
