"""Limits shared by all replicas in Redis, with one round trip per request."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.asyncio import BlockingConnectionPool

from invocations.resilience.thread_pool import Pool

from .rules import HELD_SECONDS, WINDOW_SECONDS, Limits, TooMany

PATIENCE_SECONDS = 1.0
"""How long a request waits for Redis."""
CONNECTIONS_MAX = 32
FAILURES = (redis.RedisError, OSError, asyncio.TimeoutError)

# Uses the clock of Redis, so that the replicas' clocks need not agree. Stores per caller: when its bucket
# will be full again (a string), and until when each running request counts (a sorted set).
_ENTER = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local per_minute, concurrent, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local window, held = tonumber(ARGV[5]), tonumber(ARGV[6])
if concurrent > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  if redis.call('ZCARD', KEYS[2]) >= concurrent then return {'busy', '0'} end
end
if per_minute > 0 then
  local refilled_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
  refilled_at = refilled_at + math.min(cost, per_minute) * window / per_minute
  if refilled_at > now + window then return {'wait', tostring(refilled_at - now - window)} end
  redis.call('SET', KEYS[1], string.format('%.6f', refilled_at), 'EX', math.ceil(refilled_at - now) + 1)
end
if concurrent > 0 then
  redis.call('ZADD', KEYS[2], now + held, ARGV[4])
  redis.call('EXPIRE', KEYS[2], held + 1)
end
return {'in', '0'}
"""


@dataclass(frozen=True, slots=True)
class _Connected:
    client: Any
    script: Any


@dataclass(slots=True)
class SharedSlot:
    """A slot shared by all replicas."""

    key: str
    number: str
    limits: SharedLimits

    def release(self) -> None:
        """Release the slot, without waiting. If that fails, it expires after HELD_SECONDS."""
        self.limits.release(self.key, self.number)


class SharedLimits:
    """Rate and concurrency limits in Redis. Every method raises one of FAILURES if Redis does not answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connected: WeakKeyDictionary[asyncio.AbstractEventLoop, _Connected] = WeakKeyDictionary()
        self._releasing: set[asyncio.Task[None]] = set()
        self._script_pool = Pool("limits", threads=CONNECTIONS_MAX, waiting=256)

    async def acquire(self, key: str, limits: Limits, cost: int = 1) -> SharedSlot | None:
        """Admit a request; return its slot if concurrency is limited. Raises TooMany."""
        number = secrets.token_hex(8)
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await self._connection.script(keys=_keys(key), args=_arguments(limits, cost, number))
        _check_verdict(answer, limits)
        return SharedSlot(key, number, self) if limits.concurrent else None

    def acquire_blocking(self, key: str, limits: Limits, cost: int = 1) -> None:
        """Check the rate from synchronous code; takes no slot. Raises TooMany."""
        # In a thread: the timeout of the Redis client limits the wait for each read, not for the whole reply.
        asked = self._script_pool.submit(self._run_script, keys=_keys(key), args=_arguments(limits, cost, ""))
        _check_verdict(asked.result(PATIENCE_SECONDS), limits)

    def release(self, key: str, number: str) -> None:
        """See `SharedSlot.release`."""
        task = asyncio.get_running_loop().create_task(self._release(key, number))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)

    async def _release(self, key: str, number: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._connection.client.zrem(_keys(key)[1], number)
        except FAILURES:
            pass  # the slot expires

    @property
    def _connection(self) -> _Connected:
        """The client and script of this event loop, because connections cannot be shared between loops."""
        loop = asyncio.get_running_loop()
        found = self._connected.get(loop)
        if found is None:
            pool: Any = BlockingConnectionPool.from_url(
                self._url,
                max_connections=CONNECTIONS_MAX,
                timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
                socket_timeout=PATIENCE_SECONDS,
            )
            client = redis.asyncio.Redis(connection_pool=pool)
            found = self._connected[loop] = _Connected(client, client.register_script(_ENTER))
        return found

    def _run_script(self, keys: list[str], args: list[Any]) -> list[bytes]:
        answer: list[bytes] = self._blocking_script(keys=keys, args=args)
        return answer

    @cached_property
    def _blocking_script(self) -> Any:
        client = redis.Redis.from_url(
            self._url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS
        )
        return client.register_script(_ENTER)


def _keys(key: str) -> list[str]:
    # The braces (a hash tag) keep both keys of a caller on the same cluster node.
    return [f"skillkeeper:limit:{{{key}}}:{what}" for what in ("rate", "running")]


def _arguments(limits: Limits, cost: int, number: str) -> list[Any]:
    concurrent = limits.concurrent if number else 0
    return [limits.per_minute, concurrent, cost, number, int(WINDOW_SECONDS), int(HELD_SECONDS)]


def _check_verdict(answer: list[bytes], limits: Limits) -> None:
    verdict, wait = answer
    if verdict == b"busy":
        raise TooMany.running(limits)
    if verdict == b"wait":
        raise TooMany.per_minute(limits, float(wait))
