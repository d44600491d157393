"""Allowed HTTP methods: pages accept GET, HEAD and POST; API views decide for themselves."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

PAGE_METHODS = ("GET", "HEAD", "POST")
CHECK_THEMSELVES = ("/api/", "/.well-known/")
"""Paths whose views check the method themselves."""


class PageMethodsMiddleware:
    """Rejects other methods with 405: Django's admin would treat them as GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request, or reject its method."""
        if request.method in PAGE_METHODS or request.path.startswith(CHECK_THEMSELVES):
            return self.get_response(request)
        return HttpResponseNotAllowed(PAGE_METHODS)
