"""Tokens of an external issuer: JWTs, checked by the issuer's public keys (RFC 7519, RFC 9068)."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
from django.conf import settings

from skills_registry.catalog import EVERYBODY, Audience
from skills_registry.tags import normalize_tag

from .caller import Caller
from .challenge import CannotTell, InvalidToken, lacks_scope, read_scope, resource
from .keys import RETRY_SECONDS, KeySet, KeysUnavailable, UnknownKey

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What may be allowed: signatures by a private key that only the issuer has."""
LEEWAY_SECONDS = 30
NAME_MAX = 150
EVERY_SKILL = "*"
"""Among allowed skills or tags: all of them."""

_REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "has expired",
    jwt.ImmatureSignatureError: "is not valid yet",
    jwt.InvalidIssuerError: "is of another issuer",
    jwt.InvalidSignatureError: "is not signed by its issuer",
    jwt.MissingRequiredClaimError: "lacks exp or iss",
}


@cache
def key_set(issuer: str, jwks_url: str) -> KeySet:
    """The keys of an issuer, one set for each process."""
    return KeySet(issuer, jwks_url)


async def caller_of(text: str) -> Caller:
    """Who shows this token. Raises InvalidToken, and CannotTell while the issuer's keys cannot be had."""
    key = await _key(text)
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[key.algorithm_name],
            issuer=settings.MCP_JWT_ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "verify_aud": False, "enforce_minimum_key_length": True},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise InvalidToken(f"The token {_REASONS.get(type(error), 'is not valid')}") from None
    _check_purpose(claims)
    name = claims.get(settings.MCP_JWT_NAME_CLAIM) or _subject(claims)
    return Caller(
        key=f"jwt:{_subject(claims)}",
        name=_printable(str(name))[:NAME_MAX],
        audience=_audience(claims),
        lacks="" if read_scope() in _words(claims, settings.MCP_JWT_SCOPE_CLAIM) else lacks_scope(),
        expires_at=float(claims["exp"]) + LEEWAY_SECONDS,
    )


def accepted_audiences() -> list[str]:
    """What tokens must be meant for: the settings' values, else the gateway's own address (RFC 8707)."""
    return settings.MCP_JWT_AUDIENCE or [resource()]


async def _key(text: str) -> jwt.PyJWK:
    try:
        header = jwt.get_unverified_header(text)
    except jwt.PyJWTError:
        raise InvalidToken("The token is not valid") from None
    algorithm = header.get("alg")
    # Before any key is looked for: what a token says of itself must not choose how it is checked (RFC 8725, 3.1).
    if algorithm not in settings.MCP_JWT_ALGORITHMS or algorithm not in ALGORITHMS:
        raise InvalidToken("The token is signed by an algorithm that is not accepted")
    keys = key_set(settings.MCP_JWT_ISSUER, settings.MCP_JWT_JWKS_URL)
    try:
        return await keys.find(header.get("kid"), algorithm)
    except UnknownKey:
        raise InvalidToken("The token is signed by a key that its issuer does not have") from None
    except KeysUnavailable:
        message = "The issuer of the token does not answer; try again"
        raise CannotTell(message, retry_after=int(RETRY_SECONDS)) from None


def _check_purpose(claims: dict[str, Any]) -> None:
    """Refuse tokens for other servers, and those that say who somebody is and not what they may do.

    Cognito's access tokens name no audience; those are told by the client that they were given to.
    """
    audience = claims.get("aud")
    if audience is None:
        meant_for_this = claims.get("client_id") in settings.MCP_JWT_CLIENT_IDS
    else:
        named = [audience] if isinstance(audience, str) else audience
        meant_for_this = isinstance(named, list) and any(name in accepted_audiences() for name in named)
    if not meant_for_this:
        raise InvalidToken("The token is meant for another server")
    if claims.get("token_use", "access") != "access":
        raise InvalidToken("The token is not an access token")
    if not _subject(claims):
        raise InvalidToken("The token does not say whose it is")


def _subject(claims: dict[str, Any]) -> str:
    return str(claims.get("sub") or claims.get("client_id") or "")


def _audience(claims: dict[str, Any]) -> Audience:
    """The skills that the token is for; none where it should say and does not."""
    by_skill, by_tag = settings.MCP_JWT_SKILLS_CLAIM, settings.MCP_JWT_TAGS_CLAIM
    if not by_skill and not by_tag:
        return EVERYBODY
    skills, tags = _words(claims, by_skill), _words(claims, by_tag)
    if EVERY_SKILL in skills | tags:
        return EVERYBODY
    return Audience(skills, frozenset(map(normalize_tag, tags)))


def _words(claims: dict[str, Any], claim: str) -> frozenset[str]:
    """The words of a claim, which is a text with spaces or a list of texts."""
    value = claims.get(claim) if claim else None
    if isinstance(value, str):
        return frozenset(value.split())
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
