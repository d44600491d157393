"""The filter of `subscriptions/listen`: requested lists and resources (2026-07-28: patterns/subscriptions). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .jsonrpc import INVALID_PARAMS, JsonRpcError
from .uris import canonical_uri

URIS_MAX_CHARACTERS = 65_536
"""Total length of a stream's URIs, which stay in memory as long as it is open."""

_LISTS = {"tools": "toolsListChanged", "prompts": "promptsListChanged", "resources": "resourcesListChanged"}


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """The lists ("tools", "prompts", "resources") and resource URIs that a client subscribes to."""

    lists: frozenset[str] = frozenset()
    uris: Mapping[str, str] = field(default_factory=dict)
    """Maps each URI, as the client wrote it, to its canonical form."""

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> SubscriptionFilter:
        """Parse `params.notifications`; unknown kinds are ignored. Raises JsonRpcError."""
        uris = value.get("resourceSubscriptions", [])
        if sum(map(len, uris)) > URIS_MAX_CHARACTERS:
            message = f"Invalid params: resourceSubscriptions exceed {URIS_MAX_CHARACTERS:,} characters"
            raise JsonRpcError(INVALID_PARAMS, message)
        lists = frozenset(name for name, key in _LISTS.items() if value.get(key))
        return cls(lists, {uri: canonical_uri(uri) for uri in uris})

    def to_params(self) -> dict[str, Any]:
        """Return the filter in the format of `params.notifications`. Doesn't check whether resources exist."""
        flags: dict[str, Any] = {key: True for name, key in _LISTS.items() if name in self.lists}
        return {**flags, "resourceSubscriptions": list(self.uris)} if self.uris else flags


ALL_LISTS = SubscriptionFilter(frozenset(_LISTS))
"""The filter of legacy streams, which cannot choose."""
