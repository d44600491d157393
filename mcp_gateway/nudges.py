"""Word of a change goes to all replicas through the channel layer (Redis), so that none waits to poll.

It is a hint and nothing more: it may be lost, doubled or late. Each replica goes on asking for the
catalog's generation every `MCP_REFRESH_MILLISECONDS`, and that is what makes it right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from .remembered_settings import settings

log = logging.getLogger(__name__)

GROUP = "catalog"
SECONDS = 2.0
"""How long a nudge may take to be sent."""
RETRY_SECONDS = (0.5, 2.0, 10.0, 30.0)
"""Waits between tries to listen while Redis is away; the last one repeats."""

_FAILURES = (RedisError, OSError)
# One thread, so that publishing never waits for Redis.
_sending = ThreadPoolExecutor(1, thread_name_prefix="catalog-nudge")


class Listener:
    """Calls `on_change` when some replica has told of a change; all on one event loop."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen, if there is Redis to listen to; may be called at each request."""
        if settings.REDIS_URL and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        tries = 0
        while True:
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                tries = 0
                while True:
                    self._on_change()  # also for what was changed before anybody listened
                    await layer.receive(channel)
            except _FAILURES as error:
                log.warning("changes are found by polling alone, since Redis does not answer: %r", error)
                await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1


def tell(**_: Any) -> None:
    """Tell all replicas that something has changed, without waiting for it."""
    if settings.REDIS_URL:
        _sending.submit(_send)


def _send() -> None:
    try:
        async_to_sync(_nudge)()
    except _FAILURES as error:
        log.warning("the other replicas find the change by polling, since Redis does not answer: %r", error)


async def _nudge() -> None:
    async with asyncio.timeout(SECONDS):
        await get_channel_layer().group_send(GROUP, {"type": "catalog.changed"})
