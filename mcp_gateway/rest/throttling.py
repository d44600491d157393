"""The limit of requests per minute for DRF. Loaded by settings, not by imports."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from mcp_gateway.admission import limiter
from mcp_gateway.models import AccessToken
from mcp_gateway.ratelimit import TooMany


class CallerThrottle(BaseThrottle):
    """Counts a token's API requests together with its gateway requests. Sessions are not limited."""

    _retry_after: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether the request is within the limit."""
        if not settings.RATE_LIMIT_PER_MINUTE or not isinstance(request.auth, AccessToken):
            return True
        try:
            limiter.acquire_blocking(request.auth.caller_key, settings.RATE_LIMIT_PER_MINUTE)
        except TooMany as refusal:
            self._retry_after = refusal.retry_after
            return False
        return True

    def wait(self) -> float | None:
        """Return the seconds for `Retry-After`."""
        return self._retry_after
