"""Rate limits for requests to the gateway."""

from __future__ import annotations

from typing import Any

from .auth.client_address import caller_address
from .cached_settings import settings
from .ratelimit import Limiter, Limits, Slot
from .sender import Sender

LISTEN_METHOD = "subscriptions/listen"
"""Opens a stream that waits for changes. It uses memory but no CPU, so it never counts as a running request."""

limiter = Limiter()


async def admit(value: Any, sender: Sender) -> Slot | None:
    """Admit a message or batch; return its slot if concurrency is limited. Raises TooMany."""
    per_minute, concurrent = settings.RATE_LIMIT_PER_MINUTE, settings.RATE_LIMIT_CONCURRENT
    if not per_minute and not concurrent:
        return None
    if isinstance(value, dict) and value.get("method") == LISTEN_METHOD:
        concurrent = 0
    return await limiter.acquire(limit_key(sender), Limits(per_minute, concurrent), _cost(value))


def limit_key(sender: Sender) -> str:
    """Return the key that limits are counted under: the caller's, or the client address without a token."""
    return sender.caller.key or f"address:{caller_address(sender.peer, sender.headers.get('x-forwarded-for', ''))}"


def _cost(value: Any) -> int:
    """Return the number of messages."""
    return max(1, len(value)) if isinstance(value, list) else 1
