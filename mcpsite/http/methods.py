"""Which HTTP methods there are: pages are read and forms are sent, and only the API knows more."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

OF_PAGES = ("GET", "HEAD", "POST")
DECIDE_THEMSELVES = ("/api/", "/.well-known/")
"""Paths whose views list the methods that they have."""


class PageMethodsMiddleware:
    """Refuses other methods (405): Django's admin would answer them as if they were GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, or the refusal."""
        if request.method in OF_PAGES or request.path.startswith(DECIDE_THEMSELVES):
            return self.get_response(request)
        return HttpResponseNotAllowed(OF_PAGES)
