"""Requests to the gateway are let in as far as the limits of their callers go."""

from __future__ import annotations

from typing import Any

from .auth.client_address import caller_address
from .cached_settings import settings
from .ratelimit import Limiter, Limits, Place
from .sender import Sender

NEVER_ENDING = "subscriptions/listen"
"""A stream that waits for changes: it costs memory and no work, so it counts as a request and not as running."""

limiter = Limiter()


async def admit(value: Any, sender: Sender) -> Place | None:
    """Let a message or a batch in; the place that it takes while it runs, if that is limited. Raises TooMany."""
    per_minute, concurrent = settings.RATE_LIMIT_PER_MINUTE, settings.RATE_LIMIT_CONCURRENT
    if not per_minute and not concurrent:
        return None
    if isinstance(value, dict) and value.get("method") == NEVER_ENDING:
        concurrent = 0
    return await limiter.enter(key_of(sender), Limits(per_minute, concurrent), _cost(value))


def key_of(sender: Sender) -> str:
    """For whom something counts: by the token, else by the address."""
    return sender.caller.key or f"address:{caller_address(sender.peer, sender.headers.get('x-forwarded-for', ''))}"


def _cost(value: Any) -> int:
    """A batch counts as what is in it."""
    return max(1, len(value)) if isinstance(value, list) else 1
