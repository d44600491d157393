"""Identifies the caller of a request to the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcp_gateway.cached_settings import settings
from mcp_gateway.ratelimit import Failures, TooMany
from mcp_gateway.signals import tokens_changed

from . import issuer, tokens
from .caller import ANONYMOUS, Caller
from .caller_cache import CallerCache
from .challenge import (
    AccessRefused,
    InsufficientScope,
    InvalidToken,
    InvalidTokenRequest,
    TokenMissing,
    TooManyFailures,
    VerificationUnavailable,
)
from .client_address import caller_address

_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""Syntax of a bearer token (RFC 6750, 2.1)."""

caller_cache = CallerCache()
failures = Failures()


def bearer_token(authorization: str) -> str | None:
    """Return the token from an `Authorization: Bearer ...` value; None for any other scheme."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


async def identify(headers: Mapping[str, str], query: bytes = b"", peer: str = "") -> Caller:
    """Identify the caller by headers, query string and the peer's address. Raises AccessRefused."""
    if b"access_token" in query:
        raise InvalidTokenRequest("Access tokens must be in the Authorization header, never in the URL")
    authorization = headers.get("authorization", "")
    caller = caller_cache.get_fresh(authorization) if authorization else None
    if caller is None:
        caller = await _authenticate(authorization, headers, peer)
    if caller.denied_because:
        raise InsufficientScope(caller.denied_because)
    return caller


async def _authenticate(authorization: str, headers: Mapping[str, str], peer: str) -> Caller:
    """Verify the token and cache the caller; use the cached caller during an outage."""
    text = bearer_token(authorization)
    if text is None:
        if settings.MCP_REQUIRE_AUTH:
            raise TokenMissing
        return ANONYMOUS
    lookup, known = caller_cache.begin_lookup(), caller_cache.get_during_outage(authorization)
    # A token that was valid recently is exempt: other clients at the same address must not lock it out.
    limit = 0 if known else settings.RATE_LIMIT_FAILURES
    address = caller_address(peer, headers.get("x-forwarded-for", ""))
    try:
        with failures.attempt(address, limit, InvalidToken):
            caller = await _verify(text)
    except TooMany as refusal:
        raise TooManyFailures(str(refusal), retry_after=refusal.retry_after) from None
    except VerificationUnavailable:
        known = caller_cache.get_during_outage(authorization)  # may have been revoked during the lookup
        if known is None:
            raise
        caller_cache.postpone(authorization)
        return known
    except AccessRefused:
        lookup.discard(authorization)
        raise
    lookup.store(authorization, caller)
    return caller


async def _verify(text: str) -> Caller:
    if text and _B64TOKEN.fullmatch(text) is None:
        raise InvalidTokenRequest("The Authorization header must be: Bearer <token>, and appear only once")
    if text.startswith(tokens.TOKEN_PREFIX):
        return await tokens.verify_access_token(text)
    if settings.MCP_JWT_ISSUER and text:
        return await issuer.verify_jwt(text)
    raise InvalidToken("The access token is not valid")


def invalidate_callers(revoked: str = "", **_: object) -> None:
    """Invalidate the cached callers; `revoked` is the `Caller.key` of one to remove at once."""
    if revoked:
        caller_cache.revoke(revoked)
    else:
        caller_cache.invalidate()


tokens_changed.connect(invalidate_callers, dispatch_uid="mcp_gateway.auth.identity")
