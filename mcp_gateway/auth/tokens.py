"""Creates, verifies and revokes access tokens."""

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
from .challenge import InvalidToken, VerificationUnavailable, missing_scope_message
from .owners import READ_PERMISSION, owner_has_permission

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

log = logging.getLogger(__name__)

TOKEN_PREFIX = "skk_"  # noqa: S105  # the public beginning of every token
LAST_USED_RESOLUTION = timedelta(minutes=1)
"""Resolution of `last_used_at`; a write per request would cost too much."""
PATIENCE_SECONDS = 2.0
"""How long a request waits for an unresponsive database."""
RETRY_SECONDS = 5
_skip_noting_until = 0.0
"""By `time.monotonic()`, after a failed write: with a locked database, each attempt would wait."""

# A separate pool, so that a hanging database blocks nothing else.
_token_pool = Pool("access-token", threads=4, waiting=256)


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
    """Create a token of 256 random bits; return it with its text, which cannot be recovered later.

    The token is limited to the skills named in `skills` or tagged with one of `tags`; without either, it
    is valid for all. `actor` goes into the audit trail. Raises ValidationError, and PermissionDenied if the
    actor may not create tokens for the user.
    """
    if actor is not None and user not in allowed_owners(actor):
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
        record(Action.MAKE_TOKEN, str(token), actor=actor, after=_audit_values(token))
    return token, text


def allowed_owners(actor: User) -> QuerySet[User]:
    """Return the users an actor may create tokens for: a token acts as its owner, so only superusers get others."""
    users = get_user_model().objects
    return users.all() if actor.is_superuser else users.filter(pk=actor.pk)


def revoke_token(token: AccessToken, *, actor: User | None = None) -> bool:
    """Revoke a token, here at once and in other replicas within seconds; return False if it was revoked before.

    Revoking twice keeps the first `revoked_at`. `actor` goes into the audit trail.
    """
    with transaction.atomic():
        revoked = AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            record(Action.REVOKE_TOKEN, str(token), actor=actor, before=_audit_values(token))
        transaction.on_commit(lambda: tokens_changed.send(AccessToken, revoked=token.caller_key))
    return bool(revoked)


def find_token(text: str) -> AccessToken | None:
    """Return the valid token with this text, and record its use; None if there is none. Sets `owner_may_read`."""
    # Looked up by hash, so that the time it takes reveals nothing about the text.
    token = (
        AccessToken.objects.select_related("user")
        .annotate(owner_may_read=owner_has_permission(READ_PERMISSION))  # type: ignore[no-redef]  # fills the attribute
        .filter(hash=_hash(text))
        .first()
    )
    if token is None or not token.is_valid:
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USED_RESOLUTION:
        _note_use(token, now)
    return token


def _note_use(token: AccessToken, now: datetime) -> None:
    """Update `last_used_at`. After a failure, skip it for a while: the database may be read-only."""
    global _skip_noting_until  # noqa: PLW0603  # of the whole process
    if time.monotonic() < _skip_noting_until:
        return
    try:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    except DatabaseError:
        _skip_noting_until = time.monotonic() + LAST_USED_RESOLUTION.total_seconds()
        log.warning("could not update last_used_at of %s", token, exc_info=True)


async def verify_access_token(text: str) -> Caller:
    """Return the caller with this token. Raises InvalidToken, or VerificationUnavailable if the database is down."""
    find = database_sync_to_async(find_token, thread_sensitive=False, executor=_token_pool)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            token = await find(text)
    except (DatabaseError, InterfaceError, TimeoutError, Busy) as error:
        log.warning("could not check an access token: the database does not answer: %r", error)
        message = "Access tokens cannot be checked at the moment; try again"
        raise VerificationUnavailable(message, retry_after=RETRY_SECONDS) from None
    if token is None:
        raise InvalidToken("The access token is not valid, has expired or was revoked")
    return Caller(
        key=token.caller_key,
        name=token.user.get_username(),
        audience=token.audience,
        denied_because=_denial(token),
        expires_at=token.expires_at.timestamp() if token.expires_at else float("inf"),
    )


def _denial(token: AccessToken) -> str:
    """Return why the gateway must refuse this token with 403; "" if it need not."""
    if Scope.READ not in token.scopes:
        return missing_scope_message()
    return "" if token.owner_may_read else "The owner of the access token lacks the permission view_skill"


def _audit_values(token: AccessToken) -> dict[str, Any]:
    """Return the token's values for the audit trail."""
    ends = token.expires_at and token.expires_at.isoformat()
    user = token.user.get_username()
    return {"owner": user, "scopes": token.scopes, "skills": token.skills, "tags": token.tags, "expires_at": ends}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
