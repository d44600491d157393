"""Downloads for those who may have the bytes already (RFC 9110, 13)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request


def conditional_response(
    request: HttpRequest | Request, digest: str, answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """The answer with the digest as its `ETag`; 304 without making it where the client says that it has it.

    Clients may keep it and have to ask each time whether they may still use it.
    """
    tag = f'"{digest}"'
    response: HttpResponse | None = get_conditional_response(request, etag=tag)
    if response is None:
        response = answer()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    return response
