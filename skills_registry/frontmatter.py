"""YAML frontmatter -> JSON values, verbatim and safe. Pure.

The Skills extension serves a skill's frontmatter as JSON, field by field, so whatever YAML can say
and JSON cannot (dates, NaN, keys that are not text) is kept as the author's own text, with a warning:
clients that compare it with the file read something else there. What makes YAML dangerous is
refused: aliases, merge keys, custom tags, duplicate keys, deep nesting.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from .paths import printable
from .problems import Report
from .yaml_scalars import BOOL, EXACT_FLOAT, FLOAT, INT, NULL, PREFIX, STR, TIMESTAMP, is_ambiguous, json_value

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16
SHOWN_MAX = 80
"""How much of a value or key is shown in what is said of it."""
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
"""Fields in which a comment is hardly meant as one."""
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
        for match in _BREAK_IN_YAML_1_1.finditer(self.text):
            what = f"YAML parsers do not agree on U+{ord(match.group()):04X}; here it ends a line"
            self.ambiguous(what, "Remove it, or end the line as usual.", match.start())
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
            shown = event.tag.replace(PREFIX, "!!")
            self.error("yaml-tag", f"YAML tag `{shown}`", "Remove the tag; only plain data is accepted.", event)
            if isinstance(event, yaml.ScalarEvent):
                return None
        if isinstance(event, yaml.ScalarEvent):
            self.warn_of_comment(event, path)
            return self.scalar(event, path)
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
            self.judge_key(event, key[-1])
            return key[-1]
        return None

    def judge_key(self, event: Any, key: str) -> None:
        """Warn of a key that readers take for a number, a date, true or nothing."""
        tag = self.tag(event)
        if tag != STR or is_ambiguous(tag, key, key, plain=event.implicit[0]):
            what = f"YAML parsers do not agree on the key `{_shown(key)}`; here it is text"
            self.ambiguous(what, f"Put it in quotes: {json.dumps(_shown(key), ensure_ascii=False)}.", event)

    def skip(self, event: Any) -> None:
        """Pass over the value that begins with an event."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = self.loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise _TooDeep(event)

    def scalar(self, event: Any, path: tuple[str, ...]) -> Any:
        text = self.characters(event)
        tag = self.tag(event)
        try:
            value = json_value(tag, text)
        except (ValueError, LookupError):
            kind = tag.removeprefix(PREFIX)
            self.error("yaml-value", f"`{_shown(text)}` is not a valid {kind}", "Quote it if it is text.", event)
            return None
        if is_ambiguous(tag, text, value, plain=event.implicit[0]):
            read_as = "text" if isinstance(value, str) else json.dumps(value)
            what = f"YAML parsers do not agree on `{_shown(text)}`; here it is read as {read_as}"
            self.ambiguous(what, _how_to_write(path[-1], text, value), event)
        return value

    def warn_of_comment(self, event: Any, path: tuple[str, ...]) -> None:
        """Warn of what looks like a part of a plain value, and is a comment."""
        found = None if event.style else _COMMENT.match(self.text, event.end_mark.index)
        if found and event.value and (path[:1] in _PROSE or not found[1].startswith((" ", "#"))):
            what = f"`{_shown(f'#{found[1]}')}` after the value is a comment of YAML and is dropped"
            self.report.warning(
                "yaml-comment", what, "Quote the value if that belongs to it.", file=self.file, line=self.line(event)
            )

    def tag(self, event: Any) -> str:
        """What YAML 1.1 takes a scalar for."""
        if event.tag not in (None, "!"):
            return str(event.tag)
        return str(self.loader.resolve(yaml.ScalarNode, event.value, event.implicit))

    def ambiguous(self, message: str, hint: str, at: Any) -> None:
        self.report.warning("yaml-ambiguous", message, hint, file=self.file, line=self.line(at))

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


def _how_to_write(key: str, text: str, value: Any) -> str:
    """What to write so that every reader takes it for the same; `key` is a number in a list."""
    if len(text) > SHOWN_MAX:
        return "Put it in quotes."
    begin = "- " if key.isdigit() else f"{_shown(key)}: "
    quoted = begin + json.dumps(text, ensure_ascii=False)
    if isinstance(value, str) or (isinstance(value, float) and abs(value) >= EXACT_FLOAT):
        return f"Write it as text: {quoted}"
    return f"Write {quoted} if it is text, else {begin}{json.dumps(value)}"


def _shown(text: str) -> str:
    return printable(" ".join(text[:SHOWN_MAX].split()))
