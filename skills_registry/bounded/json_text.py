"""JSON from outside, read within limits. Pure.

A text of one megabyte can spell a million values. Reading them takes seconds and gigabytes, and holds up every other
request of the process, since nothing else runs before the last one is read.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

VALUES_MAX = 20_000
DEPTH_MAX = 64
"""Far more than anything here takes, and safe to walk recursively."""

_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class InvalidJson(json.JSONDecodeError):
    """Text that is not JSON, or holds more than is read; the message says which."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "", 0)

    def __str__(self) -> str:
        return self.msg


class BoundedDecoder(json.JSONDecoder):
    """`read_json` for whoever takes a decoder of the standard library."""

    def decode(self, s: str, *_: Any) -> Any:
        """The value of a text. Raises InvalidJson."""
        return read_json(s.encode("utf-8", "surrogatepass"))


def read_json(text: bytes) -> Any:
    """The value of a text in UTF-8. Raises InvalidJson, also above VALUES_MAX values and DEPTH_MAX levels."""
    outside_strings = b""
    # Counting is much cheaper than looking, and nearly every text has fewer of these signs than the limits.
    if _count_brackets(text) > DEPTH_MAX or _max_values(text) > VALUES_MAX:
        outside_strings = _strip_strings(text)
        if _max_values(outside_strings) - _count_empty(outside_strings) > VALUES_MAX:
            raise InvalidJson(f"more than {VALUES_MAX:,} values")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(str(error)) from None
    if _count_brackets(outside_strings) > DEPTH_MAX and _is_deeper(outside_strings, DEPTH_MAX):
        raise InvalidJson(f"nested more than {DEPTH_MAX} deep")
    return value


def _strip_strings(text: bytes) -> bytes:
    """The signs of a text, with a quotation mark for each string."""
    unescaped = text.replace(rb"\\", b"").replace(rb"\"", b"")
    return b'"'.join(unescaped.split(b'"')[::2]).translate(None, b" \t\r\n")


def _max_values(text: bytes) -> int:
    """How many values there can be: each but the first comes after a comma or a bracket that opens."""
    return 1 + text.count(b",") + _count_brackets(text)


def _count_empty(outside_strings: bytes) -> int:
    return outside_strings.count(b"[]") + outside_strings.count(b"{}")


def _count_brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _is_deeper(outside_strings: bytes, limit: int) -> bool:
    """Whether arrays and objects are nested more than `limit` deep, in what is JSON."""
    brackets = outside_strings.translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(limit):
        brackets = brackets.replace(b"[]", b"")  # the innermost
    return brackets != b""
