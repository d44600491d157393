"""Entries of the text tables, and the marker for translation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """Message of a code, and a hint what to do about it ("" if there is none); parameters are in braces."""

    message: str
    hint: str = ""


def gettext_noop(text: str) -> str:
    """Mark a text for translation."""
    return text


def text_key(code: str, params: Mapping[str, object]) -> str:
    """Key of a text in its table: the code, or `code/case` if the code has several texts."""
    case = params.get("case")
    return f"{code}/{case}" if case else code
