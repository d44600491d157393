"""Announces changes to all replicas through the channel layer (Redis), so that they need not wait for the next poll.

A message is only a hint: it may be lost, duplicated or late. Correctness comes from polling the
catalog's generation every `MCP_REFRESH_MILLISECONDS`. Only updates of providers' resources cannot be polled.
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
SEND_SECONDS = 1.0
"""Time limit for sending a message."""
REPLY_SECONDS = 3.0
"""Time limit for joining the group, and for a ping to come back."""
RETRY_SECONDS = (0.5, 2.0, 5.0)
"""Delays between attempts to listen while Redis is down; the last one repeats."""
QUIET_SECONDS = 5.0
"""After this long without a message, a listener pings itself to test the connection."""

_CHANGED, _UPDATED, _PING = "catalog.changed", "resource.updated", "listener.ping"
_PROCESS = secrets.token_hex(8)
"""Marks messages from this process, whose streams have been notified already."""
_FAILURES = (RedisError, OSError)
# One thread, so that publishing never waits for Redis.
_send_pool = Pool("replica-messages", threads=1, waiting=100)
atexit.register(_send_pool.drain, SEND_SECONDS)  # a management command exits right after its change
_breaker = Breaker(failures=1, open_seconds=5.0)


class Listener:
    """Receives messages from the replicas, on one event loop.

    Calls `on_change` with the key of a revoked caller ("" for any other change), and `on_update` with
    the URI of a resource that another replica announced.
    """

    def __init__(self, on_change: Callable[[str], None], on_update: Callable[[str], None]) -> None:
        self._on_change = on_change
        self._on_update = on_update
        self._task: asyncio.Task[None] | None = None
        self._part = Part("change-listener")

    def start(self) -> None:
        """Start listening, if Redis is configured. May be called at each request."""
        if settings.REDIS_URL and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(supervise(self._part, self._run))

    async def _run(self) -> None:
        tries = 0
        while True:
            layer = get_channel_layer()
            try:
                async with asyncio.timeout(REPLY_SECONDS):
                    channel = await layer.new_channel()
                    await layer.group_add(GROUP, channel)
                tries = 0
                self._part.beat()
                self._on_change("")  # covers changes made before it listened
                await self._listen(layer, channel)
            except _FAILURES as error:
                log.warning("Redis does not answer; changes are found by polling alone: %r", error)
                await _disconnect(layer)
                await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1

    async def _listen(self, layer: Any, channel: str) -> None:
        """Handle messages as they arrive. Raises one of _FAILURES.

        A connection can die silently, for example in a failover; a ping after QUIET_SECONDS detects that.
        """
        pinged = False
        receiving = asyncio.create_task(layer.receive(channel))
        try:
            while True:
                done, _ = await asyncio.wait({receiving}, timeout=REPLY_SECONDS if pinged else QUIET_SECONDS)
                if done:
                    self._handle(receiving.result())
                    self._part.beat()
                    pinged = False
                    receiving = asyncio.create_task(layer.receive(channel))
                elif pinged:
                    raise TimeoutError("no reply to a ping")
                else:
                    async with asyncio.timeout(REPLY_SECONDS):
                        await layer.send(channel, {"type": _PING})
                    pinged = True
        finally:
            await _disconnect(layer)  # first: a cancelled `receive` would talk to a Redis that may not answer
            receiving.cancel()

    def _handle(self, message: Mapping[str, Any]) -> None:
        if message["type"] == _CHANGED:
            self._on_change(str(message.get("revoked", "")))
        elif message["type"] == _UPDATED and message["process"] != _PROCESS:
            self._on_update(message["uri"])


async def _disconnect(layer: Any) -> None:
    """Make the channel layer reconnect at its next use."""
    with suppress(*_FAILURES):
        async with asyncio.timeout(SEND_SECONDS):
            await layer.flush()


def announce_change(revoked: str = "", **_: Any) -> None:
    """Announce a change to all replicas, without waiting. `revoked` is the key of a revoked caller, if any."""
    _send({"type": _CHANGED, "revoked": revoked})


def announce_resource_update(uri: str, **_: Any) -> None:
    """Announce new content of a provider's resource to the other replicas, without waiting."""
    _send({"type": _UPDATED, "uri": uri, "process": _PROCESS})


def _send(message: Mapping[str, Any]) -> None:
    if settings.REDIS_URL:
        with suppress(Busy):  # polling finds the change
            _send_pool.submit(_try_to_send, message)


def _try_to_send(message: Mapping[str, Any]) -> None:
    if not _breaker.allow():
        return
    try:
        async_to_sync(_broadcast)(message)
        _breaker.record_success()
    except _FAILURES as error:
        _breaker.record_failure()
        log.warning("Redis does not answer; a change was not announced to the other replicas: %r", error)


async def _broadcast(message: Mapping[str, Any]) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await get_channel_layer().group_send(GROUP, message)
