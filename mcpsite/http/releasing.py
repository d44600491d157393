"""Returns database connections to the pool after each request, however it ends.

Django runs each request in its own thread; a connection left there would be lost to the pool.
"""

from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.http import HttpRequest, HttpResponseBase

from invocations.resilience.sql_connections import release_connections

from .request_id import AsgiApp, Receive, Scope, Send


class ReleaseConnectionsMiddleware:
    """Django middleware: releases connections once the response is ready, because sending may take long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request."""
        try:
            return self.get_response(request)
        finally:
            release_connections()


class ReleasingConnections:
    """ASGI middleware: releases connections at the end, also after a stream or a disconnect."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with ThreadSensitiveContext():
            try:
                await self.app(scope, receive, send)
            finally:
                await sync_to_async(release_connections)()
