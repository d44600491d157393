"""Arguments into a skill's instructions, by the rules of Claude Code's skills. Pure.

Source: code.claude.com/docs/en/skills, "Available string substitutions" and "Pass arguments to
skills". Substituted text is never looked at again, and nothing is ever executed: `` !`command` ``
stays as it is. Other than there, a skill that says nowhere that it takes arguments has no
placeholders for them, and `$5.00` or `$5K` is a price in any skill.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice

WORDS_MAX = 1000
"""Positions that placeholders can address; the rest of a text is only in `$ARGUMENTS`."""

PLACEHOLDERS_MAX = 2000
"""Signs that may begin a placeholder in a text that is filled in at once; more take a worker process."""
QUOTES_MAX = 10_000
"""Quotation marks and backslashes in what was typed, with which that holds."""
NAMES_MAX = 1000
"""Characters of declared names with which that holds: each sign may have to be compared with all of them."""

_PATTERNS_KEPT = 64
_ALL_ARGUMENTS = "$ARGUMENTS"
_SKILL_DIR = re.compile(r"\$(?P<dir>\{CLAUDE_SKILL_DIR\})")

_PIECE = r"""[^ \t\r\n'"\\]++|'[^']*+'|"[^"\\]*+(?:\\.[^"\\]*+)*+"|\\."""
_WORD = re.compile(rf"(?:{_PIECE})++", re.DOTALL)
_WORDS = re.compile(rf"(?:[ \t\r\n]++|{_PIECE})*+", re.DOTALL)
_QUOTED = re.compile(r"""'(?P<single>[^']*+)'|"(?P<double>[^"\\]*+(?:\\.[^"\\]*+)*+)"|\\(?P<escaped>.)""", re.DOTALL)
_ESCAPED = re.compile(r"""\\(["\\])""")
"""What a backslash escapes between double quotes."""


# Nobody changes one; that it is not frozen makes it three times as cheap, at every call.
@dataclass
class Arguments:
    """A text as a user types it, and values by declared name (which win); `names` are those declared, in order."""

    typed: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    text: str = field(init=False)
    """All of them as one text."""

    def __post_init__(self) -> None:
        self.text = self.typed or (shlex.join(value or "" for value in self.values) if self.named else "")

    @cached_property
    def values(self) -> Sequence[str | None]:
        """By position; None where one was skipped."""
        values: list[str | None] = list(_split(self.typed))
        for position, name in enumerate(self.names):
            if name in self.named:
                values.extend([None] * (position + 1 - len(values)))
                values[position] = self.named[name]
        return values


class TooLong(Exception):
    """The instructions would become longer than they may."""


@dataclass(frozen=True)
class Form:
    """Instructions to fill in, and all that it takes; see `Arguments` and `substitute`."""

    body: str
    typed: str
    named: dict[str, str]
    names: tuple[str, ...]
    declares: bool
    skill_dir: str
    added_max: int


@dataclass(frozen=True)
class Filled:
    """Instructions with every placeholder filled; None where they would become too long."""

    text: str | None


def is_quick(form: Form) -> bool:
    """Whether filling in the placeholders takes a few milliseconds at most."""
    quotes = sum(map(form.typed.count, "'\"\\"))
    names = sum(len(name) + 1 for name in form.names)
    return form.body.count("$") <= PLACEHOLDERS_MAX and names <= NAMES_MAX and quotes <= QUOTES_MAX


def fill_in(form: Form) -> Filled:
    """`substitute` for a worker process: from plain data to plain data."""
    arguments = Arguments(form.typed, form.named, form.names)
    try:
        return Filled(
            substitute(form.body, arguments, form.skill_dir, declares=form.declares, added_max=form.added_max)
        )
    except TooLong:
        return Filled(None)


def substitute(body: str, arguments: Arguments, skill_dir: str, *, declares: bool, added_max: int | None = None) -> str:
    """The instructions with every placeholder filled.

    Raises TooLong, before it makes the text, where more than `added_max` bytes would be filled in.

    `$ARGUMENTS` is the full text, `$ARGUMENTS[N]` and `$N` the value at a 0-based position (left as
    it is where there is none), `$name` a declared argument (empty where there is none),
    `${CLAUDE_SKILL_DIR}` the skill's root. One backslash keeps a placeholder as text. Where no
    placeholder received anything, the text is appended, so that it is not lost.

    `declares` says whether the frontmatter names arguments or hints at them. Where it does not, and the
    body has no `$ARGUMENTS` either, `${CLAUDE_SKILL_DIR}` is the only placeholder.
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
    """What to put between a text and the next paragraph."""
    if text.endswith(("\n\n", "\n\r\n")):
        return ""
    return "\n" if text.endswith("\n") else "\n\n"


class _ByteBudget:
    """How many bytes may still be added; None for any number."""

    def __init__(self, left: int | None) -> None:
        self._left = left
        self._sizes: dict[str, int] = {}

    def spend(self, text: str) -> None:
        """Add a text. Raises TooLong where there is no room for it."""
        if self._left is None or not text:
            return
        size = self._sizes.get(text)
        if size is None:
            size = self._sizes[text] = len(text.encode("utf-8", "surrogatepass"))
        self._left -= size
        if self._left < 0:
            raise TooLong


def _value(match: re.Match[str], arguments: Arguments) -> str | None:
    """What was given for a placeholder, None for nothing; an amount of money is none, and may be escaped like one."""
    if match["amount"]:
        return None
    if match["all"]:
        return arguments.text or None
    index = match["index"] or match["short"]
    position = int(index) if index else arguments.names.index(match["name"])
    return arguments.values[position] if position < len(arguments.values) else None


def _unfilled_text(match: re.Match[str]) -> str:
    """What stands in the place of a placeholder for which nothing was given."""
    return "" if match["name"] or match["all"] else match[0]


@lru_cache(_PATTERNS_KEPT)
def _placeholder(names: tuple[str, ...]) -> re.Pattern[str]:
    """A placeholder, from its `$` on: with a first character that is sure, searching is a hundred times as fast."""
    declared = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    named = rf"(?P<name>{declared})(?![A-Za-z0-9_])" if declared else r"(?P<name>(?!))"
    return re.compile(
        r"\$(?:(?P<dir>\{CLAUDE_SKILL_DIR\})|ARGUMENTS\[(?P<index>[0-9]{1,9})\]|(?P<all>ARGUMENTS(?![A-Za-z0-9_]))"
        rf"|(?P<short>[0-9]{{1,9}})(?![A-Za-z0-9_]|[.,][0-9])|(?P<amount>[0-9]{{1,9}})|{named})"
    )


def _split(text: str) -> list[str]:
    """The words of a text as `shlex.split` gives them, which takes half a minute for a megabyte without spaces."""
    if _WORDS.fullmatch(text) is None:  # an apostrophe, not a quotation
        return text.split(maxsplit=WORDS_MAX)[:WORDS_MAX]
    return [_unquoted(match[0]) for match in islice(_WORD.finditer(text), WORDS_MAX)]


def _unquoted(word: str) -> str:
    return _QUOTED.sub(_quoted_text, word) if "'" in word or '"' in word or "\\" in word else word


def _quoted_text(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _ESCAPED.sub(r"\1", match["double"])
    return match["single"] or match["escaped"] or ""
