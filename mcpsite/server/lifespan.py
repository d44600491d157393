"""Startup and shutdown of a server process: load the catalog; stop the heartbeat and write recorded calls."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from django.conf import settings
from twisted.internet import reactor

from invocations.recording import recorder
from invocations.resilience import deadline
from invocations.resilience.sql_connections import close_pool
from invocations.resilience.thread_pool import Pool
from mcp_gateway.catalog import live_catalog
from mcp_gateway.replicas import heartbeat
from mcpsite.http.request_id import Receive, Scope, Send

log = logging.getLogger(__name__)

_shutdown_pool = Pool("ending", threads=2, waiting=0)


def load_catalog_under_daphne() -> None:
    """Load the catalog when Twisted's reactor starts, because daphne has no lifespan. No-op under other servers."""
    cast("Any", reactor).callLater(0, live_catalog.preload)


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle the ASGI lifespan (uvicorn, granian). daphne has none and relies on atexit."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            live_catalog.preload()
            await send({"type": "lifespan.startup.complete"})
        else:
            with deadline.override(settings.RECORDER_STOP_SECONDS + 2):
                ending = [_shutdown_pool.run(heartbeat.stop), _shutdown_pool.run(recorder.close)]
                for failure in await asyncio.gather(*ending, return_exceptions=True):
                    if failure is not None:
                        log.error("shutdown did not finish in time", exc_info=failure)
            await asyncio.to_thread(close_pool)
            await send({"type": "lifespan.shutdown.complete"})
            return
