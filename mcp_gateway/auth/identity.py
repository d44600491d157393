"""Who sent a request to the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcp_gateway.cached_settings import settings
from mcp_gateway.ratelimit import Failures, TooMany
from mcp_gateway.signals import tokens_changed

from . import issuer, tokens
from .caller import ANONYMOUS, Caller
from .caller_cache import Remembered
from .challenge import (
    AccessRefused,
    CannotTell,
    InsufficientScope,
    InvalidToken,
    InvalidTokenRequest,
    TokenMissing,
    TooManyFailures,
)
from .client_address import caller_address

_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may look like (RFC 6750, 2.1)."""

remembered = Remembered()
failures = Failures()


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer ...` value; None for any other scheme."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


async def identify(headers: Mapping[str, str], query: bytes = b"", peer: str = "") -> Caller:
    """Who sent these headers with this query string from the address `peer`. Raises AccessRefused."""
    if b"access_token" in query:
        raise InvalidTokenRequest("Access tokens belong into the Authorization header, never into the address")
    authorization = headers.get("authorization", "")
    caller = remembered.fresh(authorization) if authorization else None
    if caller is None:
        caller = await _ask(authorization, headers, peer)
    if caller.lacks:
        raise InsufficientScope(caller.lacks)
    return caller


async def _ask(authorization: str, headers: Mapping[str, str], peer: str) -> Caller:
    """Who this is, remembered from now on."""
    text = bearer_token(authorization)
    if text is None:
        if settings.MCP_REQUIRE_AUTH:
            raise TokenMissing
        return ANONYMOUS
    page, known = remembered.page(), remembered.in_outage(authorization)
    # Whoever was let in a moment ago is asked for again without regard to others at the same address.
    limit = 0 if known else settings.RATE_LIMIT_FAILURES
    address = caller_address(peer, headers.get("x-forwarded-for", ""))
    try:
        with failures.attempt(address, limit, InvalidToken):
            caller = await _caller(text)
    except TooMany as refusal:
        raise TooManyFailures(str(refusal), retry_after=refusal.retry_after) from None
    except CannotTell:
        known = remembered.in_outage(authorization)  # who may have been revoked meanwhile
        if known is None:
            raise
        remembered.postpone(authorization)
        return known
    except AccessRefused:
        page.strike(authorization)
        raise
    page.note(authorization, caller)
    return caller


async def _caller(text: str) -> Caller:
    if text and _B64TOKEN.fullmatch(text) is None:
        raise InvalidTokenRequest("The Authorization header must be: Bearer <token>, once")
    if text.startswith(tokens.TOKEN_PREFIX):
        return await tokens.caller_of(text)
    if settings.MCP_JWT_ISSUER and text:
        return await issuer.caller_of(text)
    raise InvalidToken("The access token is not valid")


def ask_again(revoked: str = "", **_: object) -> None:
    """Something about callers has changed; `revoked` is the `Caller.key` of one that must not be let in any more."""
    if revoked:
        remembered.revoke(revoked)
    else:
        remembered.ask_again()


tokens_changed.connect(ask_again, dispatch_uid="mcp_gateway.auth.identity")
