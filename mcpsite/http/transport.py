"""What must not be said over plain http where PUBLIC_URL is https: Django would answer all of it with a redirect."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse


class PlainHttpMiddleware:
    """Refuses tokens and changes over plain http (403): a redirect would hide that they were sent in clear.

    Pages that are read are redirected by Django's SecurityMiddleware, which comes next.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, or the refusal."""
        reads = request.method in ("GET", "HEAD") and "Authorization" not in request.headers
        if reads or request.is_secure() or not settings.SECURE_SSL_REDIRECT:
            return self.get_response(request)
        detail = f"Only https is served here: use {settings.PUBLIC_URL}{request.path}"
        return JsonResponse({"detail": detail}, status=403)
