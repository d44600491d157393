"""Substitutes arguments in a skill's instructions, by the rules of Claude Code's skills. Pure.

Source: code.claude.com/docs/en/skills, "Available string substitutions" and "Pass arguments to
skills". Substituted text is not scanned again, and nothing is ever executed: `` !`command` ``
stays as it is. Unlike Claude Code, argument placeholders are ignored in skills that declare no
arguments, and `$5.00` and `$5K` are prices in every skill.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice

WORDS_MAX = 1000
"""Positions that placeholders can address; further words are only in `$ARGUMENTS`."""

PLACEHOLDERS_MAX = 2000
"""How many `$` an `is_quick` text may have; more are substituted in a worker process."""
QUOTES_MAX = 10_000
"""How many quotes and backslashes the arguments of an `is_quick` text may have."""
NAMES_MAX = 1000
"""Characters of declared names for `is_quick`: each `$` may have to be compared with all of them."""

_PATTERNS_KEPT = 64
_ALL_ARGUMENTS = "$ARGUMENTS"
_SKILL_DIR = re.compile(r"\$(?P<dir>\{CLAUDE_SKILL_DIR\})")

_PIECE = r"""[^ \t\r\n'"\\]++|'[^']*+'|"[^"\\]*+(?:\\.[^"\\]*+)*+"|\\."""
_WORD = re.compile(rf"(?:{_PIECE})++", re.DOTALL)
_WORDS = re.compile(rf"(?:[ \t\r\n]++|{_PIECE})*+", re.DOTALL)
_QUOTED = re.compile(r"""'(?P<single>[^']*+)'|"(?P<double>[^"\\]*+(?:\\.[^"\\]*+)*+)"|\\(?P<escaped>.)""", re.DOTALL)
_ESCAPED = re.compile(r"""\\(["\\])""")
"""What a backslash escapes between double quotes."""


# Not frozen, which makes creating one three times as fast. Treat it as immutable.
@dataclass
class Arguments:
    """Arguments as typed text and by name; named values win. `names` are the declared names in order."""

    typed: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    text: str = field(init=False)
    """All arguments as one text."""

    def __post_init__(self) -> None:
        self.text = self.typed or (shlex.join(value or "" for value in self.values) if self.named else "")

    @cached_property
    def values(self) -> Sequence[str | None]:
        """Values by position; None for a skipped one."""
        values: list[str | None] = list(_split(self.typed))
        for position, name in enumerate(self.names):
            if name in self.named:
                values.extend([None] * (position + 1 - len(values)))
                values[position] = self.named[name]
        return values


class TooLong(Exception):
    """The instructions would exceed the size limit."""


@dataclass(frozen=True)
class Form:
    """The input of `fill_in`; see `Arguments` and `substitute`."""

    body: str
    typed: str
    named: dict[str, str]
    names: tuple[str, ...]
    declares: bool
    skill_dir: str
    added_max: int


@dataclass(frozen=True)
class Filled:
    """Instructions with all placeholders filled; None if they would be too long."""

    text: str | None


def is_quick(form: Form) -> bool:
    """Return whether filling in takes at most a few milliseconds."""
    quotes = sum(map(form.typed.count, "'\"\\"))
    names = sum(len(name) + 1 for name in form.names)
    return form.body.count("$") <= PLACEHOLDERS_MAX and names <= NAMES_MAX and quotes <= QUOTES_MAX


def fill_in(form: Form) -> Filled:
    """Call `substitute` with plain data in and out, as a worker process needs."""
    arguments = Arguments(form.typed, form.named, form.names)
    try:
        return Filled(
            substitute(form.body, arguments, form.skill_dir, declares=form.declares, added_max=form.added_max)
        )
    except TooLong:
        return Filled(None)


def substitute(body: str, arguments: Arguments, skill_dir: str, *, declares: bool, added_max: int | None = None) -> str:
    """Return the instructions with all placeholders filled.

    Raises TooLong, before building the text, if more than `added_max` bytes would be inserted.

    `$ARGUMENTS` is the full text, `$ARGUMENTS[N]` and `$N` the value at a 0-based position (unchanged
    if there is none), `$name` a declared argument (empty if not given), `${CLAUDE_SKILL_DIR}` the
    skill's root. A backslash escapes a placeholder. If no placeholder received a value, the arguments
    are appended, so that they are not lost.

    `declares`: whether the frontmatter has `arguments` or `argument-hint`. If not, and the body has no
    `$ARGUMENTS` either, `${CLAUDE_SKILL_DIR}` is the only placeholder.
    """
    pieces: list[str] = []
    end, received = 0, False
    budget = _ByteBudget(added_max)
    placeholder = _placeholder(arguments.names) if declares or _ALL_ARGUMENTS in body else _SKILL_DIR
    for match in placeholder.finditer(body):
        before, start = body[end : match.start()], match.start()
        end = match.end()
        if match["dir"]:
            pieces += (before, skill_dir)
            budget.spend(skill_dir)
        elif before.endswith("\\") and body[max(start - 2, 0) : start - 1] != "\\":
            pieces += (before[:-1], match[0])
        else:
            value = _value(match, arguments)
            received = received or value is not None
            budget.spend(value or "")
            pieces += (before, _unfilled_text(match) if value is None else value)
    filled = "".join((*pieces, body[end:]))
    if arguments.text and not received:
        budget.spend(arguments.text)
        return f"{filled}{_blank_line_after(filled)}ARGUMENTS: {arguments.text}\n"
    return filled


def _blank_line_after(text: str) -> str:
    """Return the line breaks needed between a text and the next paragraph."""
    if text.endswith(("\n\n", "\n\r\n")):
        return ""
    return "\n" if text.endswith("\n") else "\n\n"


class _ByteBudget:
    """The number of bytes that may still be inserted; None for no limit."""

    def __init__(self, left: int | None) -> None:
        self._left = left
        self._sizes: dict[str, int] = {}

    def spend(self, text: str) -> None:
        """Subtract the size of a text. Raises TooLong if it exceeds the rest."""
        if self._left is None or not text:
            return
        size = self._sizes.get(text)
        if size is None:
            size = self._sizes[text] = len(text.encode("utf-8", "surrogatepass"))
        self._left -= size
        if self._left < 0:
            raise TooLong


def _value(match: re.Match[str], arguments: Arguments) -> str | None:
    """Return the value for a placeholder; None if not given, or for an amount of money."""
    if match["amount"]:
        return None
    if match["all"]:
        return arguments.text or None
    index = match["index"] or match["short"]
    position = int(index) if index else arguments.names.index(match["name"])
    return arguments.values[position] if position < len(arguments.values) else None


def _unfilled_text(match: re.Match[str]) -> str:
    """Return the text for a placeholder without a value."""
    return "" if match["name"] or match["all"] else match[0]


@lru_cache(_PATTERNS_KEPT)
def _placeholder(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a placeholder. A fixed first character (`$`) makes searching a hundred times as fast."""
    declared = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    named = rf"(?P<name>{declared})(?![A-Za-z0-9_])" if declared else r"(?P<name>(?!))"
    return re.compile(
        r"\$(?:(?P<dir>\{CLAUDE_SKILL_DIR\})|ARGUMENTS\[(?P<index>[0-9]{1,9})\]|(?P<all>ARGUMENTS(?![A-Za-z0-9_]))"
        rf"|(?P<short>[0-9]{{1,9}})(?![A-Za-z0-9_]|[.,][0-9])|(?P<amount>[0-9]{{1,9}})|{named})"
    )


def _split(text: str) -> list[str]:
    """Split a text like `shlex.split`, which takes half a minute for a megabyte without spaces."""
    if _WORDS.fullmatch(text) is None:  # an unbalanced quote, such as an apostrophe
        return text.split(maxsplit=WORDS_MAX)[:WORDS_MAX]
    return [_unquoted(match[0]) for match in islice(_WORD.finditer(text), WORDS_MAX)]


def _unquoted(word: str) -> str:
    return _QUOTED.sub(_quoted_text, word) if "'" in word or '"' in word or "\\" in word else word


def _quoted_text(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _ESCAPED.sub(r"\1", match["double"])
    return match["single"] or match["escaped"] or ""
