"""Who sent a request to the gateway."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping

from channels.db import database_sync_to_async
from django.conf import settings

from .caller import ANONYMOUS, Caller
from .tokens import find_token

REMEMBERED_SECONDS = 5.0
REMEMBERED_TOKENS = 1_000


class Unauthorized(Exception):
    """No token where one is required, or one that is not valid."""


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer ...` value; None for any other scheme."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


async def identify(headers: Mapping[str, str]) -> Caller:
    """Who sent these headers. Raises Unauthorized."""
    text = bearer_token(headers.get("authorization", ""))
    if text is None:
        if settings.MCP_REQUIRE_AUTH:
            raise Unauthorized("An access token is required: Authorization: Bearer <token>")
        return ANONYMOUS
    caller = _remembered.get(_hash(text))
    if caller is None:
        token = await database_sync_to_async(find_token, thread_sensitive=False)(text)
        if token is None:
            raise Unauthorized("The access token is not valid, has expired or was revoked")
        caller = Caller(token.user.get_username(), token.audience)
        _remembered.put(_hash(text), caller)
    return caller


class _Remembered:
    """Callers whose token was valid a moment ago, so that not every call asks the database."""

    def __init__(self) -> None:
        self._callers: dict[str, tuple[Caller, float]] = {}

    def get(self, token_hash: str) -> Caller | None:
        caller, until = self._callers.get(token_hash, (None, 0.0))
        return caller if time.monotonic() < until else None

    def put(self, token_hash: str, caller: Caller) -> None:
        if len(self._callers) >= REMEMBERED_TOKENS:
            self._callers.clear()
        self._callers[token_hash] = (caller, time.monotonic() + REMEMBERED_SECONDS)


_remembered = _Remembered()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
