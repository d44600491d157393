"""Requests give their connections to the database back, however they end.

Django runs each request in a thread of its own. A connection that is left behind in it would be missing in the pool.
"""

from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.http import HttpRequest, HttpResponseBase

from invocations.resilience.sql_connections import release_connections

from .request_id import AsgiApp, Receive, Scope, Send


class ReleaseConnectionsMiddleware:
    """Django: as soon as the answer is made, since a client may take long to receive it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer."""
        try:
            return self.get_response(request)
        finally:
            release_connections()


class ReleasingConnections:
    """ASGI: in the end, also of a stream, and where the client has gone."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with ThreadSensitiveContext():
            try:
                await self.app(scope, receive, send)
            finally:
                await sync_to_async(release_connections)()
