"""Conditional responses with an ETag (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request


def conditional_response(
    request: HttpRequest | Request, digest: str, make_response: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the response with the digest as its `ETag`, or 304 if the client already has that ETag.

    `make_response` is not called for a 304. Clients may store the response but must revalidate it each time.
    """
    tag = f'"{digest}"'
    response: HttpResponse | None = get_conditional_response(request, etag=tag)
    if response is None:
        response = make_response()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    return response
