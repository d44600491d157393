"""Who is at work in this process: the user of the request that is answered, nobody while a command runs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


class ActorMiddleware:
    """Remembers the request while it is answered; after the middleware that says whose it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def actor() -> User | None:
    """The signed-in user of the present request."""
    request = _request.get()
    return request.user if request is not None and isinstance(request.user, User) else None
