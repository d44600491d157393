"""The authenticated caller of a request."""

from __future__ import annotations

from dataclasses import dataclass

from skills_registry.catalog import EVERYBODY, Audience


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and which skills they may see."""

    key: str = ""
    """Identifies the caller, for limits and revocation; "" without a token."""
    name: str = ""
    """Name in the log: the token's owner, or the name claim of a JWT."""
    audience: Audience = EVERYBODY
    denied_because: str = ""
    """Why the gateway must answer 403, as a sentence; "" if access is granted."""
    expires_at: float = float("inf")
    """When the token expires, in seconds since 1970."""


ANONYMOUS = Caller()
