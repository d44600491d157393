"""A deadline for pages and the API: they answer 503 in time, even if a dependency hangs.

It limits every wait for another server. Reading requests have PAGE_DEADLINE_SECONDS, others
TRANSFER_DEADLINE_SECONDS.
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
_READ_METHODS = ("GET", "HEAD", "OPTIONS")


class DeadlineMiddleware:
    """Sets the deadline of each request, and `Retry-After` on 503 responses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request within its deadline."""
        reads = request.method in _READ_METHODS
        with deadline.within(settings.PAGE_DEADLINE_SECONDS if reads else settings.TRANSFER_DEADLINE_SECONDS):
            response = self.get_response(request)
        if response.status_code == 503:
            response.headers.setdefault("Retry-After", str(RETRY_SECONDS))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return 503 for an unavailable store, unless the view handled it."""
        if not isinstance(exception, StoreUnavailable):
            return None
        log.error("%s failed: a store is unavailable", request.path, exc_info=exception)
        return service_unavailable(request)
