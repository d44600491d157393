"""Pages and the API answer within a deadline, whatever they need and does not answer: with 503 where there is no time.

The deadline bounds every wait for another server. What only reads has PAGE_DEADLINE_SECONDS, what sends
or changes something TRANSFER_DEADLINE_SECONDS.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from invocations.resilience import deadline
from invocations.resilience.unavailable import StoreUnavailable

from .errors import service_unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
_READING = ("GET", "HEAD", "OPTIONS")


class DeadlineMiddleware:
    """Sets the deadline of each request, and says when to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer; 503 with Retry-After where something is away."""
        reads = request.method in _READING
        with deadline.within(settings.PAGE_DEADLINE_SECONDS if reads else settings.TRANSFER_DEADLINE_SECONDS):
            response = self.get_response(request)
        if response.status_code == 503:
            response.headers.setdefault("Retry-After", str(RETRY_SECONDS))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """503 for a server that does not answer, where no page has words of its own for that."""
        if not isinstance(exception, StoreUnavailable):
            return None
        log.error("%s failed, since a store does not answer", request.path, exc_info=exception)
        return service_unavailable(request)
