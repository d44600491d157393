"""Access tokens: making, checking and revoking them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from mcp_gateway.models import AccessToken, Scope

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TOKEN_PREFIX = "skk_"  # noqa: S105  # the public beginning of every token
USED_EVERY = timedelta(minutes=1)
"""How exactly `last_used_at` is kept; a write for every call would cost more than it tells."""


def create_token(
    user: User,
    name: str,
    *,
    scopes: Collection[str] = tuple(Scope.values),
    skills: Collection[str] = (),
    tags: Collection[str] = (),
    expires_at: datetime | None = None,
) -> tuple[AccessToken, str]:
    """Make a token of 256 random bits; the text is returned this once and cannot be recovered.

    With `skills` or `tags` it is for the skills named and those with one of the tags, else for all.
    Raises ValidationError.
    """
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        name=name,
        user=user,
        prefix=text[: len(TOKEN_PREFIX) + 6],
        hash=_hash(text),
        scopes=sorted(set(scopes)),
        skills=sorted(set(skills)),
        tags=sorted(set(tags)),
        expires_at=expires_at,
    )
    token.full_clean()
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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
