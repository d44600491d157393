"""What the reader of a stream asks to hear of (2026-07-28: patterns/subscriptions). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .jsonrpc import INVALID_PARAMS, JsonRpcError
from .uris import canonical

URIS_MAX_CHARACTERS = 65_536
"""Of all addresses of one stream together: they are kept as long as it is open."""

_LISTS = {"tools": "toolsListChanged", "prompts": "promptsListChanged", "resources": "resourcesListChanged"}


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Lists by the names of their methods, and resources as the reader writes their addresses."""

    lists: frozenset[str] = frozenset()
    uris: Mapping[str, str] = field(default_factory=dict)
    """The canonical form of each address."""

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> SubscriptionFilter:
        """Read `params.notifications`; kinds that are not known are not acknowledged. Raises JsonRpcError."""
        uris = value.get("resourceSubscriptions", [])
        if sum(map(len, uris)) > URIS_MAX_CHARACTERS:
            message = f"Invalid params: resourceSubscriptions have more than {URIS_MAX_CHARACTERS:,} characters"
            raise JsonRpcError(INVALID_PARAMS, message)
        lists = frozenset(name for name, key in _LISTS.items() if value.get(key))
        return cls(lists, {uri: canonical(uri) for uri in uris})

    def acknowledged(self) -> dict[str, Any]:
        """All of it as `params.notifications` has it; whether a resource exists is not told here."""
        flags: dict[str, Any] = {key: True for name, key in _LISTS.items() if name in self.lists}
        return {**flags, "resourceSubscriptions": list(self.uris)} if self.uris else flags


ALL_LISTS = SubscriptionFilter(frozenset(_LISTS))
"""What a stream of an older revision carries; those ask for nothing in particular."""
