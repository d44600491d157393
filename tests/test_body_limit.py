"""No request body is larger than the largest upload, whatever its sender says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mcpsite.asgi import application

LIMIT = 10_000


@pytest.fixture
async def client(settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings.MAX_REQUEST_BYTES = LIMIT
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


class Body:
    """A body in pieces, without its length being announced; knows how much of it was asked for."""

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.pieces):
            self.taken += 1
            yield b"x" * 1000


async def test_body_of_the_largest_size_reaches_the_view(client: httpx.AsyncClient) -> None:
    # The view asks for a token, which it could not where the body had been refused.
    assert (await client.post("/api/v1/skills/", content=b"x" * LIMIT)).status_code == 401
    assert (await client.post("/api/v1/skills/", content=Body(10))).status_code == 401


async def test_body_that_is_announced_as_larger_is_refused_unread(client: httpx.AsyncClient) -> None:
    body = Body(1000)

    answer = await client.post("/healthz", content=body, headers={"content-length": str(LIMIT + 1)})
    assert answer.status_code == 413
    assert body.taken == 0


async def test_body_that_turns_out_to_be_larger_is_refused_at_once(client: httpx.AsyncClient) -> None:
    body = Body(1000)

    answer = await client.post("/api/v1/skills/", content=body)
    assert answer.status_code == 413
    assert body.taken == 11


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "٣"])
async def test_length_that_is_no_number_is_refused(client: httpx.AsyncClient, length: str) -> None:
    headers = {b"content-length": length.encode()}
    answer = await client.post("/healthz", content=Body(1), headers=headers)
    assert answer.status_code == 413


async def test_refusal_says_in_json_what_is_allowed_and_ends_the_connection(
    client: httpx.AsyncClient, settings: Any
) -> None:
    settings.SKILL_MAX_ARCHIVE_BYTES = 9_000

    answer = await client.post("/api/v1/skills/", content=b"x" * (LIMIT + 1))
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": "The request is larger than 10,000 bytes. A skill's zip may have 9,000."}
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "gzip, gzip"])
async def test_compressed_body_is_refused_and_told_what_is_accepted(client: httpx.AsyncClient, coding: str) -> None:
    answer = await client.post("/api/v1/skills/", content=b"x", headers={"content-encoding": coding})

    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert "Content-Encoding" in answer.json()["detail"]


async def test_body_that_says_that_it_is_not_compressed_reaches_the_view(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/skills/", content=b"x", headers={"content-encoding": "identity"})

    assert answer.status_code == 401
