"""Encodes large texts as JSON in pieces, in a thread.

In one piece they would block all other requests: decoding or encoding a string holds the GIL throughout.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

LARGE = 256 * 1024
"""Minimum size of a large text, in bytes or characters."""
EXPANSION_MAX = 2
"""How many times larger than the file its JSON may be; a file of control characters would grow sixfold."""
_PIECE = 96 * 1024
"""A multiple of three, so that pieces of base64 join."""


async def json_of(text: str) -> Any:
    """Return the text; if it is large, as encoded JSON."""
    return text if len(text) < LARGE else await asyncio.to_thread(_json_string, _split(text))


async def body_of(content: bytes) -> dict[str, Any]:
    """Return a large file as `text` if it is UTF-8 and doesn't exceed EXPANSION_MAX, else as `blob`."""
    return await asyncio.to_thread(_body, content)


def _body(content: bytes) -> dict[str, Any]:
    text = None if b"\0" in content else _json_text(content)
    if text is not None:
        return {"text": text}
    pieces = (base64.b64encode(piece) for piece in _split(memoryview(content)))
    return {"blob": orjson.Fragment(b'"' + b"".join(pieces) + b'"')}


def _json_text(content: bytes) -> orjson.Fragment | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    pieces: list[bytes] = []
    length = 0
    try:
        for piece in _split(memoryview(content)):
            pieces.append(_json_content(decoder.decode(piece)))
            length += len(pieces[-1])
            if length > EXPANSION_MAX * len(content):
                return None
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return orjson.Fragment(b'"' + b"".join(pieces) + b'"')


def _json_string(pieces: Iterable[str]) -> orjson.Fragment:
    return orjson.Fragment(b'"' + b"".join(map(_json_content, pieces)) + b'"')


def _json_content(text: str) -> bytes:
    return orjson.dumps(text)[1:-1]


def _split(whole: Any) -> Iterator[Any]:
    return (whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE))
