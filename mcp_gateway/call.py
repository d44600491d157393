"""What a method is given to answer one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from .catalog import LiveCatalog, Snapshot
from .log_levels import log_levels
from .sender import Sender
from .wire.eras import LOG_LEVELS, Era, modern
from .wire.jsonrpc import MISSING_CLIENT_CAPABILITY, Id, JsonRpcError, notification_message
from .wire.subscription_filter import Wish


class Outbox(Protocol):
    """Takes messages to the client that go before the answer."""

    async def send(self, message: dict[str, Any]) -> None:
        """Send it; returns when there is room for the next one."""
        ...

    def listen(self, wish: Wish) -> None:
        """Before the answer, tell for as long as the client stays of what changes, as far as it wishes."""
        ...


class Call(NamedTuple):
    """One request with everything it may be answered from; methods see nothing else."""

    era: Era
    id: Id
    params: dict[str, Any]
    snapshot: Snapshot
    catalog: LiveCatalog
    sender: Sender
    outbox: Outbox | None = None
    """None where the client takes nothing but the answer."""

    @property
    def caller_name(self) -> str:
        """The caller as the invocation log names it; "" for an anonymous one."""
        return self.sender.caller.name

    @property
    def skill_names(self) -> list[str]:
        """The skills that the caller may see."""
        return list(self.snapshot.skills)

    def text(self, name: str) -> str:
        """A parameter that is a string, as `params` has it for this method."""
        value: str = self.params[name]
        return value

    def arguments(self) -> dict[str, Any]:
        """The arguments for a tool or prompt, {} where there are none."""
        value: dict[str, Any] = self.params.get("arguments", {})
        return value

    def meta(self, key: str) -> Any:
        """What the request's `_meta` says under a key, None where it says nothing."""
        meta = self.params.get("_meta")
        return meta.get(key) if isinstance(meta, dict) else None

    def require_client(self, *capabilities: str) -> None:
        """Raises JsonRpcError where the client has not declared these (2026-07-28: basic/index, "Capabilities")."""
        declared = self.meta(modern.CAPABILITIES_KEY) or {}
        if missing := [name for name in capabilities if name not in declared]:
            data: dict[str, Any] = {"requiredCapabilities": {name: {} for name in missing}}
            message = f"The client must declare: {', '.join(missing)}"
            raise JsonRpcError(MISSING_CLIENT_CAPABILITY, message, data)

    async def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification that belongs to this request, where the client takes any."""
        if self.outbox is not None:
            await self.outbox.send(notification_message(method, params))

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Tell how far this request has come, if the client asked for that by a `progressToken`."""
        token = self.meta("progressToken")
        if token is not None:
            said = {"progressToken": token, "progress": done, "total": total, "message": message or None}
            await self.notify(
                "notifications/progress", {key: value for key, value in said.items() if value is not None}
            )

    async def log(self, level: str, data: Any, logger: str = "") -> None:
        """Send a log message if the client wants to hear of this level, see `LOG_LEVELS`."""
        wanted = self.meta(modern.LOG_LEVEL_KEY) if self.era.modern else log_levels.of(self.sender.session.id)
        if wanted is not None and LOG_LEVELS.index(level) >= LOG_LEVELS.index(wanted):
            named = {"logger": logger} if logger else {}
            await self.notify("notifications/message", {"level": level, **named, "data": data})


Method = Callable[[Call], Awaitable[dict[str, Any]]]
