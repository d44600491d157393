"""A gateway over an in-memory catalog, without a database.

A plugin: test modules that use its fixtures set `pytest_plugins = ["tests.support.gateway_wire"]`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from invocations.events import InvocationEvent
from mcp_gateway.catalog import LiveCatalog
from mcpsite.asgi import application
from tests.conftest import Gateway

from .gateway_shelf import Shelf, live_catalog


@pytest.fixture
def shelf() -> Shelf:
    """A shelf with one skill on it."""
    shelf = Shelf()
    shelf.publish()
    return shelf


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[InvocationEvent]:
    """Events that the gateway would pass to the recorder, which is replaced."""
    events: list[InvocationEvent] = []
    monkeypatch.setattr("mcp_gateway.recording.record", events.append)
    return events


@pytest.fixture
def live(shelf: Shelf) -> LiveCatalog:
    """A live catalog over the shelf that checks for changes at every request."""
    return live_catalog(shelf)


@pytest.fixture
async def wire(
    live: LiveCatalog, recorded: list[InvocationEvent], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateway]:
    """The gateway over the shelf, without a database."""
    monkeypatch.setattr("mcp_gateway.endpoint.live_catalog", live)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Gateway(client)
