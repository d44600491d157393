"""An open stream: its caller, its pending notifications, and its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from mcp_gateway.sender import Sender
from mcp_gateway.wire.eras.modern import SUBSCRIPTION_KEY
from mcp_gateway.wire.jsonrpc import Id, notification_message
from mcp_gateway.wire.subscription_filter import SubscriptionFilter

from .changes import Difference


class Subscription:
    """Collects notifications in sets, so that a slow reader gets one for many changes and uses no more memory."""

    def __init__(
        self, subscription_filter: SubscriptionFilter, sender: Sender, key: str, message_id: Id | None = None
    ) -> None:
        self.filter = subscription_filter
        self.sender = sender
        self.caller = sender.caller
        self.key = key
        """The caller's key for limits, see `admission.limit_key`."""
        self._id = message_id
        """The id of the request that opened the stream; None in legacy revisions."""
        self._lists: set[str] = set()
        self._uris: dict[str, None] = {}
        self._pending = asyncio.Event()
        self._ended = False

    @property
    def replaces(self) -> str:
        """The session whose older streams this one replaces; "" for none (2025-11-25: basic/transports)."""
        return self.sender.session.id if self._id is None else ""

    def acknowledgement(self) -> dict[str, Any] | None:
        """Return the first message, which confirms the filter; None in legacy revisions."""
        return (
            None
            if self._id is None
            else self._message("subscriptions/acknowledged", notifications=self.filter.to_params())
        )

    def add(self, difference: Difference) -> None:
        """Add notifications for those changes that match the filter."""
        self._lists |= difference.lists & self.filter.lists
        self._uris |= {uri: None for uri, canonical in self.filter.uris.items() if canonical in difference.uris}
        if self._lists or self._uris:
            self._pending.set()

    def end(self) -> None:
        """End the stream."""
        self._ended = True
        self._pending.set()

    async def next(self) -> list[dict[str, Any]]:
        """Wait for messages; return none when the stream has ended or the token has expired."""
        try:
            async with asyncio.timeout(self._seconds_left()):
                await self._pending.wait()
        except TimeoutError:
            return []
        self._pending.clear()
        return [] if self._ended else list(self._take_messages())

    def _seconds_left(self) -> float | None:
        """Return the seconds until the token expires; None if it never does."""
        expires_at = self.caller.expires_at
        return None if expires_at == float("inf") else max(expires_at - time.time(), 0)

    def _take_messages(self) -> Iterator[dict[str, Any]]:
        lists, uris = sorted(self._lists), list(self._uris)
        self._lists.clear()
        self._uris.clear()
        for name in lists:
            yield self._message(f"{name}/list_changed")
        for uri in uris:
            yield self._message("resources/updated", uri=uri)

    def _message(self, what: str, **params: Any) -> dict[str, Any]:
        meta = {} if self._id is None else {"_meta": {SUBSCRIPTION_KEY: self._id}}
        return notification_message(f"notifications/{what}", {**params, **meta})
