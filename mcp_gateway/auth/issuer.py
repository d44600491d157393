"""JWTs of an external issuer, verified with the issuer's public keys (RFC 7519, RFC 9068)."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
from django.conf import settings

from skills_registry.catalog import EVERYBODY, Audience
from skills_registry.tags import normalize_tag

from .caller import Caller
from .challenge import InvalidToken, VerificationUnavailable, missing_scope_message, read_scope, resource_uri
from .keys import RETRY_SECONDS, KeySet, KeysUnavailable, UnknownKey

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric algorithms only: with a shared secret, others than the issuer could sign."""
LEEWAY_SECONDS = 30
NAME_MAX = 150
EVERY_SKILL = "*"
"""In the skills or tags claim: all skills."""

_REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "has expired",
    jwt.ImmatureSignatureError: "is not valid yet",
    jwt.InvalidIssuerError: "has another issuer",
    jwt.InvalidSignatureError: "is not signed by its issuer",
    jwt.MissingRequiredClaimError: "lacks exp or iss",
}


@cache
def key_set(issuer: str, jwks_url: str) -> KeySet:
    """Return the key set of an issuer, one per process."""
    return KeySet(issuer, jwks_url)


async def verify_jwt(text: str) -> Caller:
    """Return the caller with this token. Raises InvalidToken, or VerificationUnavailable if there are no keys."""
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
        denied_because=""
        if read_scope() in _claim_words(claims, settings.MCP_JWT_SCOPE_CLAIM)
        else missing_scope_message(),
        expires_at=float(claims["exp"]) + LEEWAY_SECONDS,
    )


def accepted_audiences() -> list[str]:
    """Return the accepted `aud` values: MCP_JWT_AUDIENCE, or the gateway's own URI (RFC 8707)."""
    return settings.MCP_JWT_AUDIENCE or [resource_uri()]


async def _key(text: str) -> jwt.PyJWK:
    try:
        header = jwt.get_unverified_header(text)
    except jwt.PyJWTError:
        raise InvalidToken("The token is not valid") from None
    algorithm = header.get("alg")
    # Checked before the key lookup: a token must not choose how it is verified (RFC 8725, 3.1).
    if algorithm not in settings.MCP_JWT_ALGORITHMS or algorithm not in ALGORITHMS:
        raise InvalidToken("The token is signed with an algorithm that is not accepted")
    keys = key_set(settings.MCP_JWT_ISSUER, settings.MCP_JWT_JWKS_URL)
    try:
        return await keys.find(header.get("kid"), algorithm)
    except UnknownKey:
        raise InvalidToken("The token is signed with a key its issuer does not have") from None
    except KeysUnavailable:
        message = "The issuer of the token does not answer; try again"
        raise VerificationUnavailable(message, retry_after=int(RETRY_SECONDS)) from None


def _check_purpose(claims: dict[str, Any]) -> None:
    """Refuse tokens for other servers, and ID tokens.

    Cognito's access tokens have no `aud`; `client_id` must then be in MCP_JWT_CLIENT_IDS.
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
        raise InvalidToken("The token has neither sub nor client_id")


def _subject(claims: dict[str, Any]) -> str:
    return str(claims.get("sub") or claims.get("client_id") or "")


def _audience(claims: dict[str, Any]) -> Audience:
    """Return the skills the token is valid for; none if the configured claims are missing."""
    by_skill, by_tag = settings.MCP_JWT_SKILLS_CLAIM, settings.MCP_JWT_TAGS_CLAIM
    if not by_skill and not by_tag:
        return EVERYBODY
    skills, tags = _claim_words(claims, by_skill), _claim_words(claims, by_tag)
    if EVERY_SKILL in skills | tags:
        return EVERYBODY
    return Audience(skills, frozenset(map(normalize_tag, tags)))


def _claim_words(claims: dict[str, Any], claim: str) -> frozenset[str]:
    """Return the words of a claim: a string with spaces, or a list of strings."""
    value = claims.get(claim) if claim else None
    if isinstance(value, str):
        return frozenset(value.split())
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
