"""Text of packages in which nothing is invisible to a reviewer that a model would read. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Controls, what turns the direction of text, what has no width; joiners stay, since scripts and emoji need them."""


def visible_parts(text: str) -> Iterator[tuple[str, str]]:
    """The text in parts: (text, "") as it is, and (code point, name) for a character that nobody would see."""
    at = 0
    for match in _INVISIBLE.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], ""
        yield f"U+{ord(match[0]):04X}", unicodedata.name(match[0], "control character").lower()
        at = match.end()
    if at < len(text):
        yield text[at:], ""
