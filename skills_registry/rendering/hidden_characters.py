"""Makes characters visible to reviewers that are invisible but that a model would read. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from html import escape
from itertools import count

NAMED_MAX = 1000
"""Most invisible characters of one text that are shown with their names; others only as code points."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Controls, bidirectional controls, and zero-width characters except joiners, which scripts and emoji need."""


def visible_html(text: str) -> str:
    """The text as HTML, with each invisible character shown as its code point."""
    numbers = count()
    return _INVISIBLE.sub(
        lambda match: _named(match[0]) if next(numbers) < NAMED_MAX else _code_point(match[0]), escape(text)
    )


@lru_cache(256)
def _named(character: str) -> str:
    name = unicodedata.name(character, "control character").lower()
    return f'<span class="sk-invisible" title="{name}">{_code_point(character)}</span>'


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
