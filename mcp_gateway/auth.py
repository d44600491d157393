"""Who is calling: making, checking and revoking access tokens."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from .models import AccessToken

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TOKEN_PREFIX = "skk_"  # noqa: S105  # the public beginning of every token
USED_EVERY = timedelta(minutes=1)
"""How exactly `last_used_at` is kept; a write for every call would cost more than it tells."""
REMEMBERED_SECONDS = 5.0
REMEMBERED_TOKENS = 1_000


class Unauthorized(Exception):
    """No token where one is required, or one that is not valid."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the gateway: the name of the token's owner, or "" for somebody without a token."""

    name: str = ""


ANONYMOUS = Caller()


def create_token(user: User, name: str, *, expires_at: datetime | None = None) -> tuple[AccessToken, str]:
    """Make a token of 256 random bits; the text is returned this once and cannot be recovered."""
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        name=name, user=user, prefix=text[: len(TOKEN_PREFIX) + 6], hash=_hash(text), expires_at=expires_at
    )
    token.save()
    return token, text


def revoke_token(token: AccessToken) -> None:
    """Make a token useless, within seconds also where it is remembered; revoking twice keeps the first time."""
    AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def find_token(text: str) -> AccessToken | None:
    """The valid token with this text, noting that it was used; None for any other text."""
    # Found by its hash, which says nothing about the text: how long the search takes tells a guesser nothing.
    token = AccessToken.objects.select_related("user").filter(hash=_hash(text)).first()
    if token is None or not token.is_valid:
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


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
        caller = Caller(token.user.get_username())
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
