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
    lacks: str = ""
    """What is missing for the gateway to serve them, in a sentence; "" where nothing is."""
    expires_at: float = float("inf")
    """When the token ends, in seconds since 1970."""


ANONYMOUS = Caller()
