"""Source text in coloured lines: which part is a keyword, which a comment. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, Token

HIGHLIGHTED_MAX = 128 * 1024
"""Characters of a text up to which it is coloured; a longer one is shown plain, as fast."""

Part = tuple[str, str]
"""A kind (Pygments' short names, "" for none) and the text that is of it."""


def highlighted(path: str, text: str) -> Iterator[list[Part]]:
    """The lines of a text without their ends, each in parts, coloured by what the file's name says it is."""
    line: list[Part] = []
    for kind, value in _tokens(path, text):
        first, *others = value.split("\n")
        if first:
            line.append((kind, first))
        for other in others:
            yield line
            line = [(kind, other)] if other else []
    if line:
        yield line


def _tokens(path: str, text: str) -> Iterator[Part]:
    if len(text) > HIGHLIGHTED_MAX:
        yield "", text
        return
    for kind, value in _lexer(path.rpartition("/")[2]).get_tokens(text):
        yield STANDARD_TYPES.get(kind, "") if kind is not Token.Text else "", value


@cache
def _lexer_class(name: str) -> type[Lexer]:
    found: type[Lexer] | None = find_lexer_class_for_filename(name)
    return found or TextLexer


def _lexer(name: str) -> Lexer:
    # By the suffix alone, of which there are few: the name itself is the package's and of any length.
    suffix = name.rpartition(".")[2][:20]
    return _lexer_class(f"_.{suffix}" if "." in name else "_")(stripnl=False, ensurenl=False)
