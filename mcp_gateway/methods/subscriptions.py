"""subscriptions/listen: a stream of change notifications."""

from __future__ import annotations

from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.wire.eras.modern import SUBSCRIPTION_KEY
from mcp_gateway.wire.jsonrpc import INVALID_REQUEST, JsonRpcError
from mcp_gateway.wire.subscription_filter import SubscriptionFilter


async def listen(call: Call) -> dict[str, Any]:
    """2026-07-28: patterns/subscriptions. The result is sent when the stream ends, after all notifications."""
    subscription_filter = SubscriptionFilter.parse(call.params["notifications"])
    if call.outbox is None:
        raise JsonRpcError(INVALID_REQUEST, "Invalid request: Accept must include text/event-stream")
    call.outbox.subscribe(subscription_filter)
    return {"_meta": {SUBSCRIPTION_KEY: call.id}}
