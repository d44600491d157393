"""Who sent a request to the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings

from mcp_gateway.signals import tokens_changed

from . import issuer, tokens
from .caller import ANONYMOUS, Caller
from .challenge import AccessRefused, CannotTell, InsufficientScope, InvalidToken, InvalidTokenRequest, TokenMissing
from .remembered import Remembered

_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may look like (RFC 6750, 2.1)."""

remembered = Remembered()


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer ...` value; None for any other scheme."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


async def identify(headers: Mapping[str, str], query: bytes = b"") -> Caller:
    """Who sent these headers with this query string. Raises AccessRefused."""
    if b"access_token" in query:
        raise InvalidTokenRequest("Access tokens belong into the Authorization header, never into the address")
    authorization = headers.get("authorization", "")
    caller = remembered.fresh(authorization) if authorization else None
    if caller is None:
        caller = await _ask(authorization)
    if not caller.may_read:
        raise InsufficientScope
    return caller


async def _ask(authorization: str) -> Caller:
    """Who this is, remembered from now on."""
    text = bearer_token(authorization)
    if text is None:
        if settings.MCP_REQUIRE_AUTH:
            raise TokenMissing
        return ANONYMOUS
    page = remembered.page()
    try:
        caller = await _caller(text)
    except CannotTell:
        known = remembered.in_outage(authorization)
        if known is None:
            raise
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


def _on_tokens_changed(**_: object) -> None:
    remembered.forget()


tokens_changed.connect(_on_tokens_changed, dispatch_uid="mcp_gateway.auth.identity")
