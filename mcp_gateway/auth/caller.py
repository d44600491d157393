"""Somebody who calls the gateway, as far as authentication tells."""

from __future__ import annotations

from dataclasses import dataclass

from skills_registry.catalog import EVERYBODY, Audience


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what there is for them."""

    key: str = ""
    """Tells callers apart; "" for somebody without a token."""
    name: str = ""
    """For the log: the owner of the token, or what the issuer calls them."""
    audience: Audience = EVERYBODY
    may_read: bool = True
    """Whether the token has the scope that the gateway asks for."""
    expires_at: float = float("inf")
    """When the token ends, in seconds since 1970."""


ANONYMOUS = Caller()
