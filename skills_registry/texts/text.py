"""A text of the tables, and the mark of what is translated. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """What a code says, and what to do about it ("" where nothing is to be done); values stand in braces."""

    message: str
    hint: str = ""


def gettext_noop(text: str) -> str:
    """Mark a text for translation."""
    return text


def text_key(code: str, params: Mapping[str, object]) -> str:
    """The key of a text in its table: the code, and after a slash the `case` where the code has several texts."""
    case = params.get("case")
    return f"{code}/{case}" if case else code
