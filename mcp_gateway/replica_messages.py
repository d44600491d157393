"""Word of a change goes to all replicas through the channel layer (Redis), so that none waits to poll.

It is a hint and nothing more: it may be lost, doubled or late. Each replica goes on asking for the
catalog's generation every `MCP_REFRESH_MILLISECONDS`, and that is what makes it right. Only of what providers
offer there is nobody to ask.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from invocations.resilience.breaker import Breaker
from invocations.resilience.supervision import Part, supervise
from invocations.resilience.thread_pool import Busy, Pool

from .cached_settings import settings

log = logging.getLogger(__name__)

GROUP = "catalog"
SECONDS = 1.0
"""How long a nudge may take to be sent."""
PATIENCE_SECONDS = 3.0
"""How long it may take to begin to listen, or until a message arrives that a listener sends to itself."""
RETRY_SECONDS = (0.5, 2.0, 5.0)
"""Waits between tries to listen while Redis is away; the last one repeats."""
QUIET_SECONDS = 5.0
"""After so long without a message a listener sends one to itself, to see whether messages still arrive."""

_CHANGED, _UPDATED, _PING = "catalog.changed", "resource.updated", "listener.ping"
_PROCESS = secrets.token_hex(8)
"""Who sends: the streams of this process have been told already."""
_FAILURES = (RedisError, OSError)
# One thread, so that publishing never waits for Redis.
_sending = Pool("catalog-nudge", threads=1, waiting=100)
atexit.register(_sending.drain, SECONDS)  # a command ends as soon as it has told of its change
_breaker = Breaker(failures=1, open_seconds=5.0)


class Listener:
    """Calls `on_change` when some replica has told of a change, with the key of a caller that was revoked or
    "", and `on_update` with the address of a resource that
    another one has told of; all on one event loop."""

    def __init__(self, on_change: Callable[[str], None], on_update: Callable[[str], None]) -> None:
        self._on_change = on_change
        self._on_update = on_update
        self._task: asyncio.Task[None] | None = None
        self._part = Part("change-listener")

    def start(self) -> None:
        """Listen, if there is Redis to listen to; may be called at each request."""
        if settings.REDIS_URL and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(supervise(self._part, self._run))

    async def _run(self) -> None:
        tries = 0
        while True:
            layer = get_channel_layer()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    channel = await layer.new_channel()
                    await layer.group_add(GROUP, channel)
                tries = 0
                self._part.beat()
                self._on_change("")  # for what was changed before anybody listened
                await self._listen(layer, channel)
            except _FAILURES as error:
                log.warning("changes are found by polling alone, since Redis does not answer: %r", error)
                await _disconnect(layer)
                await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1

    async def _listen(self, layer: Any, channel: str) -> None:
        """Take messages as long as they arrive. Raises one of _FAILURES.

        A connection may be dead without a sign of it, as after a failover: so silence is not believed.
        """
        pinged = False
        receiving = asyncio.create_task(layer.receive(channel))
        try:
            while True:
                done, _ = await asyncio.wait({receiving}, timeout=PATIENCE_SECONDS if pinged else QUIET_SECONDS)
                if done:
                    self._take(receiving.result())
                    self._part.beat()
                    pinged = False
                    receiving = asyncio.create_task(layer.receive(channel))
                elif pinged:
                    raise TimeoutError("messages do not arrive")
                else:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await layer.send(channel, {"type": _PING})
                    pinged = True
        finally:
            await _disconnect(layer)  # first: a cancelled `receive` would talk to a Redis that may not answer
            receiving.cancel()

    def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == _CHANGED:
            self._on_change(str(message.get("revoked", "")))
        elif message["type"] == _UPDATED and message["process"] != _PROCESS:
            self._on_update(message["uri"])


async def _disconnect(layer: Any) -> None:
    """Let the layer begin anew with its next use."""
    with suppress(*_FAILURES):
        async with asyncio.timeout(SECONDS):
            await layer.flush()


def tell(revoked: str = "", **_: Any) -> None:
    """Tell all replicas that something has changed, and which caller was revoked, without waiting for it."""
    _send({"type": _CHANGED, "revoked": revoked})


def tell_updated(uri: str, **_: Any) -> None:
    """Tell the other replicas that a provider's resource has other content, without waiting for it."""
    _send({"type": _UPDATED, "uri": uri, "process": _PROCESS})


def _send(message: Mapping[str, Any]) -> None:
    if settings.REDIS_URL:
        with suppress(Busy):  # as with any other that is lost, polling finds the change
            _sending.submit(_try_to_send, message)


def _try_to_send(message: Mapping[str, Any]) -> None:
    if not _breaker.allow():
        return
    try:
        async_to_sync(_nudge)(message)
        _breaker.record_success()
    except _FAILURES as error:
        _breaker.record_failure()
        log.warning("the other replicas were not told of a change, since Redis does not answer: %r", error)


async def _nudge(message: Mapping[str, Any]) -> None:
    async with asyncio.timeout(SECONDS):
        await get_channel_layer().group_send(GROUP, message)
