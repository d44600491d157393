"""The life of a notification stream in both eras, from the request that opens it to its end."""

from __future__ import annotations

from mcp_gateway.auth import tokens_changed
from mcp_gateway.catalog import LiveCatalog
from mcp_gateway.providers import offers_changed
from mcp_gateway.sender import Sender
from mcp_gateway.signals import resource_updated
from mcp_gateway.wire.subscription_filter import ALL_LISTS
from skills_registry.catalog import catalog_changed

from .hub import Hub
from .shutdown import on_shutdown
from .sse import EventStream
from .subscription import Subscription

hub = Hub()
for _signal in (catalog_changed, offers_changed, tokens_changed):
    _signal.connect(hub.wake, dispatch_uid="mcp_gateway.streams.listening")
resource_updated.connect(hub.announce_update, dispatch_uid="mcp_gateway.streams.listening")


async def listen(stream: EventStream, subscription: Subscription, catalog: LiveCatalog) -> None:
    """Send change notifications until the token expires or the process shuts down.

    A client that disconnects cancels this, like any request. Raises TooManyStreams and CatalogUnavailable before
    the stream begins.
    """
    on_shutdown(hub.close)
    await hub.start(catalog)
    with hub.join(subscription):
        await _forward(stream, subscription)


async def listen_legacy(stream: EventStream, sender: Sender, key: str, catalog: LiveCatalog) -> None:
    """Send the three `list_changed` notifications of legacy revisions. Raises as `listen` does."""
    await listen(stream, Subscription(ALL_LISTS, sender, key), catalog)
    await stream.close()


async def _forward(stream: EventStream, subscription: Subscription) -> None:
    first = subscription.acknowledgement()
    if first is None:
        await stream.begin()
    else:
        await stream.send(first)
    while messages := await subscription.next():
        for message in messages:
            await stream.send(message)
