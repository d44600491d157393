"""Who may keep an answer: nobody but the client that asked, unless the view says otherwise."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

PRIVATE = "private, no-store"
ASKED_BY = ("Authorization", "Cookie")


class PrivateAnswersMiddleware:
    """Tells caches to keep no answer, and that answers differ by who asks; outermost, so that errors are told so, too.

    A view that sets `Cache-Control` decides for itself, as do static files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, with the headers."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", PRIVATE)
        if "private" in response.headers["Cache-Control"]:
            patch_vary_headers(response, ASKED_BY)
        return response
