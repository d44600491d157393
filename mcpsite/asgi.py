"""The ASGI application: the gateway under /mcp, Django for the rest."""

from __future__ import annotations

import gc
import os
from typing import cast

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
django_application = get_asgi_application()

# These import models, so the applications must be loaded first.
from invocations.recording import recorder  # noqa: E402
from invocations.resilience.sql_connections import start_serving  # noqa: E402
from mcp_gateway.endpoint import mcp_endpoint  # noqa: E402
from mcp_gateway.replicas import heartbeat  # noqa: E402
from skills_registry.catalog import projection  # noqa: E402

from .http.body_limit import BodyLimitMiddleware  # noqa: E402
from .http.crowding import CrowdingMiddleware  # noqa: E402
from .http.releasing import ReleasingConnections  # noqa: E402
from .http.request_id import AsgiApp, Receive, RequestIdMiddleware, Scope, Send  # noqa: E402
from .server.lifespan import lifespan, load_catalog_under_daphne  # noqa: E402

GATEWAY_PATHS = ("/mcp", "/mcp/")


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    """Route a request to the gateway or to Django."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    await (mcp_endpoint if path in GATEWAY_PATHS else rest)(scope, receive, send)


async def reject_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake (HTTP 403): nothing here speaks WebSocket."""
    await receive()
    await send({"type": "websocket.close"})


rest = CrowdingMiddleware(BodyLimitMiddleware(ReleasingConnections(cast("AsgiApp", django_application))))
application = RequestIdMiddleware(
    ProtocolTypeRouter({"http": http, "websocket": reject_websocket, "lifespan": lifespan})
)

start_serving()
load_catalog_under_daphne()
# These also take over what a killed process left: calls not in the log, changes not projected.
recorder.start()
projection.start()
heartbeat.start()
# Everything loaded so far stays; freezing it keeps garbage collections, which delay calls, short.
gc.collect()
gc.freeze()
