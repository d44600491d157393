"""Cache headers: responses are private and not stored, unless the view decides otherwise."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

PRIVATE = "private, no-store"
ASKED_BY = ("Authorization", "Cookie")


class PrivateAnswersMiddleware:
    """Sets `Cache-Control` and `Vary`. Must be outermost, to cover error responses.

    A `Cache-Control` set by a view or by static files is kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request and add the headers."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", PRIVATE)
        if "private" in response.headers["Cache-Control"]:
            patch_vary_headers(response, ASKED_BY)
        return response
