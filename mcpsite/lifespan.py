"""ASGI lifespan: nothing to start; before the process ends it takes its leave and writes what was recorded."""

from __future__ import annotations

import asyncio

from invocations import recorder
from invocations.connections import close_pool
from mcp_gateway.replicas import heartbeat

from .request_id import Receive, Scope, Send


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the server's two messages (uvicorn, granian; daphne sends none and relies on atexit)."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await asyncio.to_thread(heartbeat.stop)
            await asyncio.to_thread(recorder.close)
            await asyncio.to_thread(close_pool)
            await send({"type": "lifespan.shutdown.complete"})
            return
