"""The limit of requests a minute for DRF; named in the settings, imported by nobody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from mcp_gateway.admission import limiter
from mcp_gateway.models import AccessToken
from mcp_gateway.ratelimit import TooMany


class CallerThrottle(BaseThrottle):
    """What a token asks of the API counts together with what it asks of the gateway; sessions do not count."""

    _retry_after: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether one more is allowed."""
        if not settings.RATE_LIMIT_PER_MINUTE or not isinstance(request.auth, AccessToken):
            return True
        try:
            limiter.enter_blocking(request.auth.caller_key, settings.RATE_LIMIT_PER_MINUTE)
        except TooMany as refusal:
            self._retry_after = refusal.retry_after
            return False
        return True

    def wait(self) -> float | None:
        """Seconds until it is worth trying again."""
        return self._retry_after
