"""Syntax highlighting of files and code as HTML. Pure.

Many of Pygments' lexers take time quadratic in the length of a line. Call this in a worker process.
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
"""Longest text, in characters, that is highlighted."""
LINE_MAX = 5_000
"""Longest line, in characters, of a text that is highlighted."""
SHOWN_MAX = 256 * 1024
"""Characters shown of a text."""
LINES_MAX = 10_000
"""Lines shown of a text."""

Part = tuple[str, str]
"""A token: kind (Pygments' short name, "" for none) and text."""


@dataclass(frozen=True)
class Source:
    """Lines of a text as HTML; `whole` if none are missing."""

    html: str
    whole: bool


def source_html(path: str, text: str, coloured: bool) -> Source:
    """Render a file's lines; if `coloured`, the file extension selects the lexer."""
    shown = text[:SHOWN_MAX]
    parts = _tokenize(_lexer_for_path(path), shown) if coloured and _may_be_coloured(text) else iter([("", shown)])
    lines = _split_lines(parts)
    html = "".join(
        f'<span class="sk-source-line" id="L{number}">{"".join(map(_part_html, line))}\n</span>'
        for number, line in enumerate(islice(lines, LINES_MAX), 1)
    )
    return Source(html, whole=len(shown) == len(text) and next(lines, None) is None)


def code_html(language: str, text: str) -> str | None:
    """Highlight code in a language (any of Pygments' aliases); None if it cannot be highlighted."""
    lexer = _lexer_named(language)
    if lexer is None or not _may_be_coloured(text):
        return None
    return "".join(map(_part_html, _tokenize(lexer(stripnl=False, ensurenl=False), text)))


def _may_be_coloured(text: str) -> bool:
    return len(text) <= HIGHLIGHTED_MAX and max(map(len, text.split("\n"))) <= LINE_MAX


def _split_lines(parts: Iterator[Part]) -> Iterator[list[Part]]:
    """Split tokens into lines, without line ends."""
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
    # Only the extension, to bound the cache: the package chooses names of any length.
    suffix = name.rpartition(".")[2][:20]
    return _lexer_class(f"_.{suffix}" if "." in name else "_")(stripnl=False, ensurenl=False)


def _lexer_named(language: str) -> type[Lexer] | None:
    name = _language_names().get(language.lower())
    found: type[Lexer] | None = find_lexer_class(name) if name else None
    return found


@cache
def _language_names() -> dict[str, str]:
    """Pygments' names of languages by alias; its own lookup would search all plugins each time."""
    return {alias.lower(): name for name, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}
