"""Access tokens: making, checking and revoking them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from invocations.resilience.thread_pool import Busy, Pool
from mcp_gateway.models import AccessToken, Scope
from mcp_gateway.signals import tokens_changed
from skills_registry.audit import Action, record
from skills_registry.tags import normalize_tag

from .caller import Caller
from .challenge import CannotTell, InvalidToken, lacks_scope
from .owners import READ_PERMISSION, owner_may

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

log = logging.getLogger(__name__)

TOKEN_PREFIX = "skk_"  # noqa: S105  # the public beginning of every token
USED_EVERY = timedelta(minutes=1)
"""How exactly `last_used_at` is kept; a write for every call would cost more than it tells."""
PATIENCE_SECONDS = 2.0
"""How long a caller waits for a database that does not answer."""
RETRY_SECONDS = 5
_noting_fails_until = 0.0
"""By `time.monotonic()`; a database that is locked lets each try wait."""

# Threads of their own, so that a database that hangs stops nothing but this.
_asking = Pool("access-token", threads=4, waiting=256)


def create_token(
    user: User,
    name: str,
    *,
    scopes: Collection[str] = tuple(Scope.values),
    skills: Collection[str] = (),
    tags: Collection[str] = (),
    expires_at: datetime | None = None,
    actor: User | None = None,
) -> tuple[AccessToken, str]:
    """Make a token of 256 random bits; the text is returned this once and cannot be recovered.

    With `skills` or `tags` it is for the skills named and those with one of the tags, else for all.
    `actor` made it, for the audit trail. Raises ValidationError, and PermissionDenied where the actor may not
    make tokens for the user.
    """
    if actor is not None and user not in owners_of_tokens_by(actor):
        raise PermissionDenied
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        name=name,
        user=user,
        prefix=text[: len(TOKEN_PREFIX) + 6],
        hash=_hash(text),
        scopes=sorted(set(scopes)),
        skills=sorted(set(skills)),
        tags=sorted(set(map(normalize_tag, tags))),
        expires_at=expires_at,
    )
    token.full_clean()
    with transaction.atomic():
        token.save()
        record(Action.MAKE_TOKEN, str(token), actor=actor, after=_outline(token))
    return token, text


def owners_of_tokens_by(actor: User) -> QuerySet[User]:
    """For whom somebody may make tokens: a token acts as its owner, so superusers alone make them for others."""
    users = get_user_model().objects
    return users.all() if actor.is_superuser else users.filter(pk=actor.pk)


def revoke_token(token: AccessToken, *, actor: User | None = None) -> bool:
    """Make a token useless, here at once and elsewhere within seconds; whether it was not revoked before.

    Revoking twice keeps the first time. `actor` does it, for the audit trail.
    """
    with transaction.atomic():
        revoked = AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            record(Action.REVOKE_TOKEN, str(token), actor=actor, before=_outline(token))
        transaction.on_commit(lambda: tokens_changed.send(AccessToken, revoked=token.caller_key))
    return bool(revoked)


def find_token(text: str) -> AccessToken | None:
    """The valid token with this text and what its owner may do, noting that it was used; None for any other text."""
    # Found by its hash, which says nothing about the text: how long the search takes tells a guesser nothing.
    token = (
        AccessToken.objects.select_related("user")
        .annotate(owner_may_read=owner_may(READ_PERMISSION))  # type: ignore[no-redef]  # fills the attribute
        .filter(hash=_hash(text))
        .first()
    )
    if token is None or not token.is_valid:
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        _note_use(token, now)
    return token


def _note_use(token: AccessToken, now: datetime) -> None:
    """Keep when a token was used; where the database can only be read, that is not tried each time."""
    global _noting_fails_until  # noqa: PLW0603  # of the whole process
    if time.monotonic() < _noting_fails_until:
        return
    try:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    except DatabaseError:
        _noting_fails_until = time.monotonic() + USED_EVERY.total_seconds()
        log.warning("the use of %s cannot be noted", token, exc_info=True)


async def caller_of(text: str) -> Caller:
    """Who shows this token. Raises InvalidToken, and CannotTell while the database is away."""
    find = database_sync_to_async(find_token, thread_sensitive=False, executor=_asking)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            token = await find(text)
    except (DatabaseError, InterfaceError, TimeoutError, Busy) as error:
        log.warning("access tokens cannot be checked, since the database does not answer: %r", error)
        message = "Access tokens cannot be checked at the moment; try again"
        raise CannotTell(message, retry_after=RETRY_SECONDS) from None
    if token is None:
        raise InvalidToken("The access token is not valid, has expired or was revoked")
    return Caller(
        key=token.caller_key,
        name=token.user.get_username(),
        audience=token.audience,
        lacks=_lacks(token),
        expires_at=token.expires_at.timestamp() if token.expires_at else float("inf"),
    )


def _lacks(token: AccessToken) -> str:
    """What is missing for the gateway to serve whoever shows this token."""
    if Scope.READ not in token.scopes:
        return lacks_scope()
    return "" if token.owner_may_read else "The owner of the access token lacks the permission view_skill"


def _outline(token: AccessToken) -> dict[str, Any]:
    """What the audit trail keeps of a token."""
    ends = token.expires_at and token.expires_at.isoformat()
    user = token.user.get_username()
    return {"owner": user, "scopes": token.scopes, "skills": token.skills, "tags": token.tags, "expires_at": ends}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
