"""The request context passed to every method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from .catalog import LiveCatalog, Snapshot
from .log_levels import log_levels
from .sender import Sender
from .wire.eras import LOG_LEVELS, Era, modern
from .wire.jsonrpc import MISSING_CLIENT_CAPABILITY, Id, JsonRpcError, notification_message
from .wire.subscription_filter import SubscriptionFilter


class Outbox(Protocol):
    """Sends messages to the client before the response."""

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message; return when the next one can be sent."""
        ...

    def subscribe(self, subscription_filter: SubscriptionFilter) -> None:
        """Hold back the response, and send change notifications until the stream ends."""
        ...


class Call(NamedTuple):
    """One request and everything a method may use to answer it."""

    era: Era
    id: Id
    params: dict[str, Any]
    snapshot: Snapshot
    catalog: LiveCatalog
    sender: Sender
    outbox: Outbox | None = None
    """None if the client accepts only the response."""

    @property
    def caller_name(self) -> str:
        """The caller's name in the invocation log; "" if anonymous."""
        return self.sender.caller.name

    @property
    def skill_names(self) -> list[str]:
        """The names of the skills the caller may see."""
        return list(self.snapshot.skills)

    def text(self, name: str) -> str:
        """Return a parameter that `wire.params` has checked to be a string."""
        value: str = self.params[name]
        return value

    def arguments(self) -> dict[str, Any]:
        """Return the arguments for a tool or prompt, {} by default."""
        value: dict[str, Any] = self.params.get("arguments", {})
        return value

    def meta(self, key: str) -> Any:
        """Return a value from the request's `_meta`, None if missing."""
        meta = self.params.get("_meta")
        return meta.get(key) if isinstance(meta, dict) else None

    def require_client(self, *capabilities: str) -> None:
        """Require client capabilities (2026-07-28: basic/index, "Capabilities"). Raises JsonRpcError."""
        declared = self.meta(modern.CAPABILITIES_KEY) or {}
        if missing := [name for name in capabilities if name not in declared]:
            data: dict[str, Any] = {"requiredCapabilities": {name: {} for name in missing}}
            message = f"The client must declare: {', '.join(missing)}"
            raise JsonRpcError(MISSING_CLIENT_CAPABILITY, message, data)

    async def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification about this request, if the client accepts notifications."""
        if self.outbox is not None:
            await self.outbox.send(notification_message(method, params))

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Report progress, if the client sent a `progressToken`."""
        token = self.meta("progressToken")
        if token is not None:
            fields = {"progressToken": token, "progress": done, "total": total, "message": message or None}
            await self.notify(
                "notifications/progress", {key: value for key, value in fields.items() if value is not None}
            )

    async def log(self, level: str, data: Any, logger: str = "") -> None:
        """Send a log message, if the client asked for this level or a lower one. `level` is one of `LOG_LEVELS`."""
        wanted = self.meta(modern.LOG_LEVEL_KEY) if self.era.modern else log_levels.get(self.sender.session.id)
        if wanted is not None and LOG_LEVELS.index(level) >= LOG_LEVELS.index(wanted):
            named = {"logger": logger} if logger else {}
            await self.notify("notifications/message", {"level": level, **named, "data": data})


Method = Callable[[Call], Awaitable[dict[str, Any]]]
