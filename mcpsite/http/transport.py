"""Protection of plain HTTP when PUBLIC_URL is https; Django alone would only redirect."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse


class PlainHttpMiddleware:
    """Rejects tokens and writes over plain HTTP with 403: a redirect would hide that they were sent unencrypted.

    Other GET requests are redirected by Django's SecurityMiddleware, which comes next.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request, or reject it."""
        reads = request.method in ("GET", "HEAD") and "Authorization" not in request.headers
        if reads or request.is_secure() or not settings.SECURE_SSL_REDIRECT:
            return self.get_response(request)
        detail = f"Only https is served here: use {settings.PUBLIC_URL}{request.path}"
        return JsonResponse({"detail": detail}, status=403)
