"""How often a caller may call, how much at once, and how often an address may fail: in one process."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from mcp_gateway import providers
from mcp_gateway.auth import create_token, revoke_token, tokens
from mcp_gateway.auth.identity import caller_cache
from mcp_gateway.ratelimit import Failures, Limiter, Limits, TooMany
from mcp_gateway.ratelimit.memory import KEYS_MAX, MemoryLimits, Rates
from mcpsite.asgi import application

from .conftest import Gateway
from .support import offered
from .support.api import Api
from .support.gateway_asking import BOTH, MODERN, NOTIFICATION, VERSION, envelope, modern_headers, request, send
from .support.gateway_streams import streaming

pytest_plugins = ["tests.support.gateway_wire"]

LIST = request("tools/list")


class Clock:
    """Stands in for the module `time`; moves when it is told to."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.ahead


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nobody has called yet, and time stands still."""
    clock = Clock()
    monkeypatch.setattr("mcp_gateway.ratelimit.memory.time", clock)
    for user in ("mcp_gateway.admission", "mcp_gateway.rest.throttling"):
        monkeypatch.setattr(f"{user}.limiter", Limiter())
    for user in ("mcp_gateway.auth.identity", "mcp_gateway.rest.authentication"):
        monkeypatch.setattr(f"{user}.failures", Failures())
    caller_cache.clear()
    return clock


async def statuses(wire: Gateway, count: int, **headers: str) -> list[int]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return [(await send(wire, LIST, given)).status_code for _ in range(count)]


@sync_to_async
def bearer(user: User, **options: Any) -> str:
    return f"Bearer {create_token(user, 'for tests', **options)[1]}"


# Requests a minute


@pytest.mark.parametrize("revision", BOTH)
async def test_caller_over_the_rate_is_told_when_to_come_back(wire: Gateway, settings: Any, revision: str) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 4
    modern = revision == MODERN
    body = request("tools/list", {"_meta": envelope()} if modern else {}, message_id="seventeen")
    headers = modern_headers("tools/list", {}) if modern else {VERSION: revision}

    answers = [await send(wire, body, headers) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    refused = answers[-1]
    assert refused.headers["retry-after"] == "15"
    assert refused.json() == {
        "jsonrpc": "2.0",
        "id": "seventeen",
        "error": {
            "code": 429,
            "message": "Too many requests: the limit is 4 per minute",
            "data": {"retryAfter": 15},
        },
    }


async def test_rate_comes_back_evenly_and_waiting_as_told_is_enough(wire: Gateway, settings: Any, clock: Clock) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 6
    assert await statuses(wire, 7) == [200] * 6 + [429]
    clock.ahead += 9.9
    assert await statuses(wire, 1) == [429]
    clock.ahead += 0.1
    assert await statuses(wire, 2) == [200, 429]
    clock.ahead += 60
    assert await statuses(wire, 7) == [200] * 6 + [429]


async def test_callers_do_not_use_up_each_others_rate(
    wire: Gateway, transactional_db: None, operator: User, settings: Any
) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    first, second = await bearer(operator), await bearer(operator)

    assert await statuses(wire, 3, authorization=first) == [200, 200, 429]
    assert await statuses(wire, 3, authorization=second) == [200, 200, 429]
    assert await statuses(wire, 3) == [200, 200, 429]


async def test_batch_counts_as_what_is_in_it(wire: Gateway, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 5
    batch = [request("ping", message_id=number) for number in range(3)]

    answers = [await send(wire, batch, {VERSION: "2025-03-26"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["id"] is None
    assert await statuses(wire, 3) == [200, 200, 429]


async def test_batch_larger_than_the_rate_is_answered_by_one_that_has_not_called(wire: Gateway, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    batch = [request("ping", message_id=number) for number in range(5)]
    assert (await send(wire, batch, {VERSION: "2025-03-26"})).status_code == 200
    assert await statuses(wire, 1) == [429]


async def test_notifications_count_too(wire: Gateway, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    answers = [await send(wire, NOTIFICATION, {VERSION: "2025-11-25"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]


async def test_without_limits_nobody_is_counted(wire: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_gateway.admission.limiter", None)
    assert await statuses(wire, 3) == [200] * 3


# Whom a request without a token is counted for


async def from_address(peer: str, count: int, **headers: str) -> list[int]:
    transport = httpx.ASGITransport(application, client=(peer, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await statuses(Gateway(client), count, **headers)


@pytest.mark.parametrize(
    ("proxies", "one", "other", "shared"),
    [
        (0, ("192.0.2.1", ""), ("192.0.2.2", ""), False),
        (0, ("192.0.2.1", "203.0.113.1"), ("192.0.2.1", "203.0.113.2"), True),
        (1, ("192.0.2.1", "203.0.113.1"), ("192.0.2.1", "203.0.113.2"), False),
        (1, ("192.0.2.1", "198.51.100.1, 203.0.113.1"), ("192.0.2.1", "198.51.100.2, 203.0.113.1"), True),
        (2, ("192.0.2.1", "203.0.113.1, 10.0.0.1"), ("192.0.2.1", "203.0.113.2, 10.0.0.1"), False),
        (2, ("192.0.2.1", "203.0.113.1"), ("192.0.2.1", "203.0.113.1"), True),
        (1, ("192.0.2.1", ""), ("192.0.2.2", ""), False),
        (1, ("192.0.2.1", "nonsense"), ("192.0.2.1", "unknown"), True),
        (1, ("192.0.2.1", "203.0.113.1:4711"), ("192.0.2.1", "203.0.113.1:4712"), True),
        (0, ("2001:db8::1", ""), ("2001:db8::2:1", ""), True),
        (0, ("2001:db8::1", ""), ("2001:db8:0:1::1", ""), False),
        (1, ("::1", "[2001:db8::1]:80"), ("::1", "2001:db8::7"), True),
        (0, ("192.0.2.1", ""), ("::ffff:192.0.2.1", ""), True),
    ],
)
async def test_caller_without_a_token_is_counted_by_address(
    wire: Gateway, settings: Any, proxies: int, one: tuple[str, str], other: tuple[str, str], *, shared: bool
) -> None:
    settings.RATE_LIMIT_PER_MINUTE, settings.TRUSTED_PROXY_COUNT = 1, proxies

    async def status(peer: str, forwarded: str) -> list[int]:
        return await from_address(peer, 1, **({"x_forwarded_for": forwarded} if forwarded else {}))

    assert await status(*one) == [200]
    assert await status(*other) == [429 if shared else 200]


# Requests at once


@pytest.fixture
async def slow_tool(settings: Any) -> AsyncIterator[None]:
    """A tool that does not end by itself."""
    settings.MCP_PROVIDERS = ["tests.support.offered.provide"]
    offered.waiting.clear()
    providers.changed()
    yield
    settings.MCP_PROVIDERS = []
    providers.changed()


def waiting_call(**headers: str) -> Any:
    return streaming(MODERN, "tools/call", {"name": "wait_long_"}, meta={"progressToken": 1}, **headers)


async def test_so_many_requests_run_at_once_and_the_next_is_refused_until_one_ends(
    wire: Gateway, settings: Any, slow_tool: None
) -> None:
    settings.RATE_LIMIT_CONCURRENT = 2
    async with waiting_call() as first:
        await first.message()
        assert await statuses(wire, 2) == [200, 200]  # one at a time
        async with waiting_call() as second:
            await second.message()
            refused = await send(wire, LIST)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["message"].startswith("Too many concurrent requests: the limit is 2")
        assert await statuses(wire, 1) == [200]


async def test_refused_request_uses_up_no_rate(wire: Gateway, settings: Any, slow_tool: None) -> None:
    settings.RATE_LIMIT_CONCURRENT, settings.RATE_LIMIT_PER_MINUTE = 1, 3
    async with waiting_call() as first:
        await first.message()
        assert await statuses(wire, 5) == [429] * 5
    assert await statuses(wire, 3) == [200, 200, 429]


async def test_long_request_holds_its_place_for_a_minute_at_most(
    wire: Gateway, settings: Any, slow_tool: None, clock: Clock
) -> None:
    settings.RATE_LIMIT_CONCURRENT = 1
    async with waiting_call() as first:
        await first.message()
        clock.ahead += 59.9
        assert await statuses(wire, 1) == [429]
        clock.ahead += 0.1
        assert await statuses(wire, 1) == [200]
    assert await statuses(wire, 1) == [200]


async def test_place_is_given_back_however_a_request_ends(wire: Gateway, settings: Any) -> None:
    settings.RATE_LIMIT_CONCURRENT = 1
    for body in (b"{", b"[]", b"{}", b'{"jsonrpc": "2.0", "id": 1, "method": "nonsense"}'):
        await send(wire, body)
    assert await statuses(wire, 1) == [200]


async def test_hundred_requests_at_once_are_let_in_as_far_as_there_are_places(wire: Gateway, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 30
    counted = Counter(answer.status_code for answer in await asyncio.gather(*(send(wire, LIST) for _ in range(100))))
    assert counted == {200: 30, 429: 70}


def test_limits_forget_who_called_least_recently() -> None:
    rates = Rates()
    for number in range(KEYS_MAX + 10):
        rates.take(f"address:{number}", 1)
    assert len(rates._refilled_at) == KEYS_MAX
    assert rates.wait("address:0", 1) == 0
    assert rates.wait(f"address:{KEYS_MAX}", 1) > 0


def test_limits_cost_next_to_nothing() -> None:
    limits, began = MemoryLimits(), time.process_time()
    for number in range(10_000):
        slot = limits.acquire(f"token:{number % 100}", Limits(1_000_000, 1_000))
        assert slot is not None
        slot.release()
    assert time.process_time() - began < 0.5  # 50 µs each, ten times what it takes


# Failures


async def test_address_with_too_many_failures_is_told_to_wait_and_others_are_not(
    wire: Gateway, transactional_db: None, operator: User, settings: Any
) -> None:
    settings.RATE_LIMIT_FAILURES = 3
    valid = await bearer(operator)

    guesses = [await send(wire, LIST, {"authorization": f"Bearer skk_guess{number}"}) for number in range(5)]

    assert [guess.status_code for guess in guesses] == [401] * 3 + [429] * 2
    assert guesses[-1].headers["retry-after"] == "20"
    assert "www-authenticate" not in guesses[-1].headers
    assert guesses[-1].json()["error"]["code"] == 429
    assert await statuses(wire, 1, authorization=valid) == [200], "also from the same address"
    assert await statuses(wire, 1) == [200]
    assert await from_address("192.0.2.7", 1, authorization="Bearer skk_guess") == [401]


async def test_guessing_over_the_limit_goes_one_at_a_time(
    wire: Gateway, transactional_db: None, operator: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMIT_FAILURES = 1
    known, newcomer = await bearer(operator), await bearer(operator)
    assert await statuses(wire, 1, authorization=known) == [200]
    assert await statuses(wire, 2, authorization="Bearer skk_guess") == [401, 429]
    asking, release, ask = asyncio.Event(), asyncio.Event(), tokens.verify_access_token

    async def slowly(text: str) -> Any:
        asking.set()
        await release.wait()
        return await ask(text)

    monkeypatch.setattr("mcp_gateway.auth.tokens.verify_access_token", slowly)
    guess = asyncio.create_task(send(wire, LIST, {"authorization": "Bearer skk_other"}))
    await asyncio.wait_for(asking.wait(), 10)
    assert await statuses(wire, 1, authorization=newcomer) == [429]
    assert await statuses(wire, 1, authorization=known) == [200]
    release.set()
    assert (await guess).status_code == 429
    assert await statuses(wire, 1, authorization=newcomer) == [200]


async def test_token_that_is_revoked_is_refused_also_where_its_address_has_failed_before(
    wire: Gateway, transactional_db: None, operator: User, settings: Any
) -> None:
    settings.RATE_LIMIT_FAILURES = 1
    token, text = await sync_to_async(create_token)(operator, "for tests")
    assert await statuses(wire, 1, authorization=f"Bearer {text}") == [200]
    assert await statuses(wire, 2, authorization="Bearer skk_guess") == [401, 429]
    await sync_to_async(revoke_token)(token)
    assert await statuses(wire, 1, authorization=f"Bearer {text}") == [429]


async def test_request_without_a_token_is_no_failure(wire: Gateway, settings: Any) -> None:
    settings.RATE_LIMIT_FAILURES, settings.MCP_REQUIRE_AUTH = 1, True
    assert await statuses(wire, 3) == [401] * 3


# The API


def test_api_counts_with_the_gateway_and_says_when_to_come_back(operator: User, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 3
    api, other = Api(operator), Api(operator)

    answers = [api.get("skills/") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "20"
    assert "detail" in answers[-1].json()
    assert other.get("skills/").status_code == 200


def test_api_slows_down_guessing_and_lets_valid_tokens_in(operator: User, settings: Any) -> None:
    settings.RATE_LIMIT_FAILURES = 2
    api, guesser = Api(operator), Api(operator)
    guesser.client.defaults["HTTP_AUTHORIZATION"] = "Bearer skk_guess"

    assert [guesser.get("skills/").status_code for _ in range(4)] == [401, 401, 429, 429]
    assert guesser.get("skills/").headers["retry-after"] == "30"
    assert api.get("skills/").status_code == 200


def test_refusal_names_whole_seconds_and_never_none() -> None:
    assert TooMany("so it is", 0.001).retry_after == 1
    assert TooMany("so it is", 1.2).retry_after == 2
