"""The open streams of this process. One task watches the catalog and the tokens for all of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.conf import settings

from invocations.resilience.supervision import Part, supervise
from mcp_gateway.auth import AccessRefused, Caller, identify
from mcp_gateway.catalog import LiveCatalog, Snapshot
from skills_registry.catalog import Audience

from .changes import Difference, all_skills, changed_skills, compare_snapshots
from .subscription import Subscription

PAUSE_SECONDS = 0.05
"""Minimum time between two checks of the catalog; changes within it are notified once."""
POLL_SECONDS = 0.1
"""Minimum polling interval without change messages."""
CHECK_SECONDS = 1.0
"""How often callers are verified without change messages. With `caller_cache.FRESH_SECONDS`, a stream ends
within five seconds after its caller lost access."""


class TooManyStreams(Exception):
    """The caller or this process has reached the limit of open streams."""


class Hub:
    """The streams of one event loop; `wake`, `announce_update` and `close` may be called from any thread."""

    def __init__(self) -> None:
        self._streams: dict[Subscription, None] = {}
        self._by_key = Counter[str]()
        self._seen = Snapshot()
        self._last_check = 0.0
        self._task: asyncio.Task[None] | None = None
        self._part = Part("stream-hub")
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_check_requested = False
        self._closed = False

    @property
    def size(self) -> int:
        """The number of open streams."""
        return len(self._streams)

    def wake(self, revoked: str = "", **_: object) -> None:
        """Check the catalog and all callers now; end the streams of a revoked caller (a `Caller.key`)."""
        if revoked:
            self._call_soon(lambda: self._end_streams_of(revoked))
        self._call_soon(self._check_now)

    def announce_update(self, uri: str, **_: object) -> None:
        """Notify subscribers of new content of a provider's resource."""
        self._call_soon(lambda: self._notify_update(uri))

    def close(self) -> None:
        """End all streams, including those opened from now on, because the process is shutting down."""
        self._closed = True
        self._call_soon(self._end_all)

    async def start(self, catalog: LiveCatalog) -> None:
        """Start watching the catalog, if not started yet. Raises CatalogUnavailable."""
        if self._task is not None and not self._task.done() and self._loop is asyncio.get_running_loop():
            return
        snapshot = await catalog.snapshot()
        if self._task is None or self._task.done() or self._loop is not asyncio.get_running_loop():
            self._seen, self._last_check = snapshot, time.monotonic()
            self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
            self._task = self._loop.create_task(supervise(self._part, partial(self._run, catalog)))

    @contextmanager
    def join(self, subscription: Subscription) -> Iterator[None]:
        """Send notifications to this subscription within the block. Raises TooManyStreams."""
        if subscription.replaces:
            for other in [other for other in self._streams if other.replaces == subscription.replaces]:
                other.end()
        if len(self._streams) >= settings.MCP_MAX_STREAMS:
            raise TooManyStreams("This server has reached its limit of open streams")
        if self._by_key[subscription.key] >= settings.MCP_MAX_STREAMS_PER_CALLER:
            raise TooManyStreams("You have reached your limit of open streams")
        self._streams[subscription] = None
        self._by_key[subscription.key] += 1
        try:
            if self._closed:
                subscription.end()
            yield
        finally:
            self._leave(subscription)

    def _leave(self, subscription: Subscription) -> None:
        del self._streams[subscription]
        self._by_key[subscription.key] -= 1
        if not self._by_key[subscription.key]:
            del self._by_key[subscription.key]
        if not self._streams and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, catalog: LiveCatalog) -> None:
        while True:
            self._woken.clear()
            await self._check(await catalog.snapshot())
            self._part.beat()
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(min(max(settings.MCP_REFRESH_SECONDS, POLL_SECONDS), CHECK_SECONDS)):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _check(self, snapshot: Snapshot) -> None:
        due = self._is_check_requested or time.monotonic() - self._last_check >= CHECK_SECONDS
        if snapshot is self._seen and not due:
            return
        self._is_check_requested, self._last_check = False, time.monotonic()
        callers = await self._current_callers()
        self._notify_streams(self._seen, snapshot, callers)
        self._seen = snapshot

    async def _current_callers(self) -> dict[Subscription, Caller | None]:
        """Verify the callers of all streams, each token once; None for a caller who has lost access."""
        streams_by_token = {_authorization(stream): stream for stream in self._streams}
        found = await asyncio.gather(*(_current_caller(stream) for stream in streams_by_token.values()))
        callers = dict(zip(streams_by_token, found, strict=True))
        return {stream: callers.get(_authorization(stream), stream.caller) for stream in self._streams}

    def _notify_streams(self, before: Snapshot, after: Snapshot, callers: dict[Subscription, Caller | None]) -> None:
        pairs = changed_skills(before, after)
        differences: dict[tuple[Audience, Audience], Difference] = {}
        for stream, caller in callers.items():
            if caller is None:
                stream.end()
                continue
            was, stream.caller = stream.caller.audience, caller
            key = (was, caller.audience)
            if key not in differences:
                looked_at = pairs if was == caller.audience else all_skills(before, after)
                differences[key] = compare_snapshots(looked_at, *key, (before, after))
            stream.add(differences[key])

    def _notify_update(self, uri: str) -> None:
        updated = Difference(frozenset(), frozenset({uri}))
        for stream in self._streams:
            if not stream.caller.audience.restricted:
                stream.add(updated)

    def _check_now(self) -> None:
        self._is_check_requested = True
        self._woken.set()

    def _end_streams_of(self, key: str) -> None:
        for stream in self._streams:
            if stream.caller.key == key:
                stream.end()

    def _end_all(self) -> None:
        for stream in self._streams:
            stream.end()

    def _call_soon(self, function: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)


async def _current_caller(stream: Subscription) -> Caller | None:
    """Return the stream's caller now, None if refused; the previous one if the token cannot be verified now."""
    try:
        return await identify(stream.sender.headers, peer=stream.sender.peer)
    except AccessRefused as refusal:
        return stream.caller if refusal.status in (429, 503) else None


def _authorization(stream: Subscription) -> str:
    return stream.sender.headers.get("authorization", "")
