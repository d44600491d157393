"""ASGI lifespan: nothing to start; before the process ends it takes its leave and writes what was recorded."""

from __future__ import annotations

import asyncio
import logging

from invocations import deadline
from invocations.pool import Pool
from invocations.recorder import recorder
from mcp_gateway.replicas import heartbeat

from .request_id import Receive, Scope, Send

log = logging.getLogger(__name__)

SECONDS = 12.0
"""How long the end may take, once no request is under way: what the recorder takes to write, and a little more."""
_ending = Pool("ending", threads=2, waiting=0)


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the server's two messages (uvicorn, granian; daphne sends none and relies on atexit)."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            with deadline.afresh(SECONDS):
                ending = [_ending.run(heartbeat.stop), _ending.run(recorder.close)]
                for failure in await asyncio.gather(*ending, return_exceptions=True):
                    if failure is not None:
                        log.error("the process ends without waiting any longer", exc_info=failure)
            await send({"type": "lifespan.shutdown.complete"})
            return
