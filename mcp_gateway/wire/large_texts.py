"""Texts of megabytes in answers, made into JSON piece by piece beside the event loop.

As one piece they would hold up all other calls: decoding or encoding a text holds Python's lock to its end.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

LARGE = 256 * 1024
"""Bytes, or characters, from which on a text is large."""
EXPANSION_MAX = 2
"""Times as long as a file its JSON may become; one of control characters alone would be six times as long."""
_PIECE = 96 * 1024
"""A multiple of three, so that pieces of base64 join."""


async def json_of(text: str) -> Any:
    """The text, as JSON where it is large."""
    return text if len(text) < LARGE else await asyncio.to_thread(_json_string, _split(text))


async def body_of(content: bytes) -> dict[str, Any]:
    """A large file as `text` where it is UTF-8, else (or where the text would become very long) as `blob`."""
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
