"""Every answer carries the id of its request, and so does every line that is logged meanwhile."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from mcpsite.asgi import application
from mcpsite.http.request_id import RequestIdFilter

MADE = re.compile(r"[0-9a-f]{16}")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged, with the ids that the handlers of the product would write."""
    added = RequestIdFilter()
    caplog.handler.addFilter(added)
    yield caplog
    caplog.handler.removeFilter(added)


def ids(logged: pytest.LogCaptureFixture, message: str) -> list[str]:
    return [record.request_id for record in logged.records if message in record.getMessage()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/healthz", "/nothing/", "/mcp"])
async def test_answer_without_a_given_id_gets_a_new_one(client: httpx.AsyncClient, path: str) -> None:
    first, second = [(await client.get(path)).headers["x-request-id"] for _ in range(2)]

    assert MADE.fullmatch(first)
    assert MADE.fullmatch(second)
    assert first != second


@pytest.mark.parametrize("given", ["abc", "0af7651916cd43dd8448eb211c80319c", "A-Z_a.z:0=9", "x" * 128])
async def test_harmless_id_of_the_caller_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": given})
    assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "a\tb", "a%0ab", '"', "<script>", "é", "a\nb"])
async def test_any_other_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/healthz", headers=[(b"x-request-id", given.encode())])
    assert MADE.fullmatch(answer.headers["x-request-id"])


async def test_lines_logged_in_a_request_carry_its_id(
    client: httpx.AsyncClient, logged: pytest.LogCaptureFixture
) -> None:
    await client.get("/nothing/", headers={"x-request-id": "mine"})
    assert ids(logged, "Not Found: /nothing/") == ["mine"]


async def test_requests_at_the_same_time_keep_their_own_ids(
    client: httpx.AsyncClient, logged: pytest.LogCaptureFixture
) -> None:
    numbers = [f"id-{number}" for number in range(20)]
    await asyncio.gather(*(client.get(f"/nothing/{n}/", headers={"x-request-id": n}) for n in numbers))

    assert [ids(logged, f"Not Found: /nothing/{number}/") for number in numbers] == [[number] for number in numbers]


async def test_lines_logged_outside_of_a_request_carry_none(
    client: httpx.AsyncClient, logged: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("test").warning("before")
    await client.get("/healthz", headers={"x-request-id": "mine"})
    logging.getLogger("test").warning("after")

    assert ids(logged, "before") == ids(logged, "after") == ["-"]
