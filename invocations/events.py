"""The record of one call, and the masking of its parameters. Pure."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import orjson

PARAMS_MAX_BYTES = 1024
_SECRET = re.compile(r"pass(word|wd|phrase)?$|secret|token|api[-_]?key|authorization|credential|private[-_]?key", re.I)
_MASK = "***"
_REMEMBERED_LENGTH = 64
"""Longer keys are not cached: there could be any number of them."""
_62_BITS = (1 << 62) - 1


def new_id() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562). These grow with time, so new rows go to the end of an index.

    Random UUIDs would touch a different index page for every row.
    """
    chance = random.getrandbits(74)  # must be unique, not unguessable
    moment = time.time_ns() // 1_000_000
    return uuid.UUID(int=moment << 80 | 7 << 76 | chance >> 62 << 64 | 2 << 62 | chance & _62_BITS)


# Treat as immutable. Not frozen, because `frozen=True` would more than double the cost of creating one per call.
@dataclass(slots=True, unsafe_hash=True)
class InvocationEvent:
    """One answered call. `id` makes writes idempotent; `duration_ms` is the time until the answer was ready."""

    skill: str
    method: str
    status: Literal["success", "error"]
    invoked_at: datetime
    duration_ms: float
    version: int | None = None
    error_message: str = ""
    request_params: str = ""
    session_id: str = ""
    client: str = ""
    caller: str = ""
    protocol_version: str = ""
    trace_id: str = ""
    id: uuid.UUID = field(default_factory=new_id)


def encode_params(params: Any) -> str:
    """Return parameters as JSON with secrets masked, truncated to 1 KB of UTF-8 at a character boundary."""
    encoded = orjson.dumps(_mask_secrets(params, iter(range(PARAMS_MAX_BYTES))), default=str)
    return encoded[:PARAMS_MAX_BYTES].decode("utf-8", "ignore")


def _mask_secrets(value: Any, places: Iterator[int]) -> Any:
    """Mask secrets in a value, keeping only what can fit into the first kilobyte of its JSON.

    Each item takes one of `places`, since it needs at least one byte.
    """
    if isinstance(value, dict):
        return {
            key[:PARAMS_MAX_BYTES]: _MASK if _is_secret(key) else _mask_secrets(item, places)
            for _, (key, item) in zip(places, value.items(), strict=False)
        }
    if isinstance(value, list):
        return [_mask_secrets(item, places) for _, item in zip(places, value, strict=False)]
    return value[:PARAMS_MAX_BYTES] if isinstance(value, str) else value


def _is_secret(key: str) -> bool:
    if len(key) <= _REMEMBERED_LENGTH:
        return _is_secret_cached(key)
    return len(key) > PARAMS_MAX_BYTES or _SECRET.search(key) is not None


@lru_cache(1024)
def _is_secret_cached(key: str) -> bool:
    return _SECRET.search(key) is not None
