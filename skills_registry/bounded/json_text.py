"""Parses untrusted JSON within limits. Pure.

One megabyte of JSON can hold a million values. Parsing them takes seconds and gigabytes, and blocks every other
request of the process.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

VALUES_MAX = 20_000
DEPTH_MAX = 64
"""Far more than any request needs, and safe to walk recursively."""

_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class InvalidJson(json.JSONDecodeError):
    """The text is not JSON, or exceeds a limit; the message says which."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "", 0)

    def __str__(self) -> str:
        return self.msg


class BoundedDecoder(json.JSONDecoder):
    """`read_json` as a decoder of the standard library."""

    def decode(self, s: str, *_: Any) -> Any:
        """Parse a text. Raises InvalidJson."""
        return read_json(s.encode("utf-8", "surrogatepass"))


def read_json(text: bytes) -> Any:
    """Parse UTF-8 text. Raises InvalidJson, also for more than VALUES_MAX values or DEPTH_MAX levels."""
    outside_strings = b""
    # Counting characters is cheap, and nearly all texts stay below the limits even if those in strings count.
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
    """The text without whitespace, each string replaced by a quotation mark."""
    unescaped = text.replace(rb"\\", b"").replace(rb"\"", b"")
    return b'"'.join(unescaped.split(b'"')[::2]).translate(None, b" \t\r\n")


def _max_values(text: bytes) -> int:
    """Upper bound for the number of values: each but the first follows a comma or an opening bracket."""
    return 1 + text.count(b",") + _count_brackets(text)


def _count_empty(outside_strings: bytes) -> int:
    return outside_strings.count(b"[]") + outside_strings.count(b"{}")


def _count_brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _is_deeper(outside_strings: bytes, limit: int) -> bool:
    """Whether valid JSON (without strings) is nested more than `limit` levels deep."""
    brackets = outside_strings.translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(limit):
        brackets = brackets.replace(b"[]", b"")  # the innermost
    return brackets != b""
