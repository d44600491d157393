"""Files and pieces of code as HTML, in which keywords, comments and so on have classes. Pure.

Pygments' lexers promise no time: with some texts, many take time that grows with the square of a line's
length. Call this in a worker process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class, find_lexer_class_for_filename, get_all_lexers
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, Token

from .hidden_characters import visible_html

HIGHLIGHTED_MAX = 128 * 1024
"""Characters of a text up to which it is coloured; a longer one is shown plain."""
LINE_MAX = 5_000
"""Characters of a line up to which a text is coloured."""
SHOWN_MAX = 256 * 1024
"""Characters of a text that are shown."""
LINES_MAX = 10_000
"""Lines of a text that are shown."""

Part = tuple[str, str]
"""A kind (Pygments' short names, "" for none) and the text that is of it."""


@dataclass(frozen=True)
class Source:
    """The lines of a text as HTML; `whole`: all of them."""

    html: str
    whole: bool


def source_html(path: str, text: str, coloured: bool) -> Source:
    """The lines of a text, coloured (if that is wanted) by what the file's name says it is."""
    shown = text[:SHOWN_MAX]
    parts = _tokenize(_lexer_for_path(path), shown) if coloured and _may_be_coloured(text) else iter([("", shown)])
    lines = _split_lines(parts)
    html = "".join(
        f'<span class="sk-source-line" id="L{number}">{"".join(map(_part_html, line))}\n</span>'
        for number, line in enumerate(islice(lines, LINES_MAX), 1)
    )
    return Source(html, whole=len(shown) == len(text) and next(lines, None) is None)


def code_html(language: str, text: str) -> str | None:
    """A piece of code in a language, by one of the names that Pygments knows it by; None where it is not coloured."""
    lexer = _lexer_named(language)
    if lexer is None or not _may_be_coloured(text):
        return None
    return "".join(map(_part_html, _tokenize(lexer(stripnl=False, ensurenl=False), text)))


def _may_be_coloured(text: str) -> bool:
    return len(text) <= HIGHLIGHTED_MAX and max(map(len, text.split("\n"))) <= LINE_MAX


def _split_lines(parts: Iterator[Part]) -> Iterator[list[Part]]:
    """The lines without their ends, each in parts."""
    line: list[Part] = []
    for kind, value in parts:
        first, *others = value.split("\n")
        if first:
            line.append((kind, first))
        for other in others:
            yield line
            line = [(kind, other)] if other else []
    if line:
        yield line


def _part_html(part: Part) -> str:
    kind, text = part
    return f'<span class="hl-{kind}">{visible_html(text)}</span>' if kind else visible_html(text)


def _tokenize(lexer: Lexer, text: str) -> Iterator[Part]:
    for kind, value in lexer.get_tokens(text):
        yield STANDARD_TYPES.get(kind, "") if kind is not Token.Text else "", value


@cache
def _lexer_class(name: str) -> type[Lexer]:
    found: type[Lexer] | None = find_lexer_class_for_filename(name)
    return found or TextLexer


def _lexer_for_path(path: str) -> Lexer:
    name = path.rpartition("/")[2]
    # By the suffix alone, of which there are few: the name itself is the package's and of any length.
    suffix = name.rpartition(".")[2][:20]
    return _lexer_class(f"_.{suffix}" if "." in name else "_")(stripnl=False, ensurenl=False)


def _lexer_named(language: str) -> type[Lexer] | None:
    name = _language_names().get(language.lower())
    found: type[Lexer] | None = find_lexer_class(name) if name else None
    return found


@cache
def _language_names() -> dict[str, str]:
    """Pygments' own names of the languages by the short ones. Its function for that searches all plugins each time."""
    return {alias.lower(): name for name, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}
