"""What a method is given to answer one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .catalog import LiveCatalog, Snapshot
from .eras import Era
from .jsonrpc import INVALID_PARAMS, JsonRpcError


@dataclass(frozen=True, slots=True)
class Call:
    """One request with everything it may be answered from; methods see nothing else."""

    era: Era
    params: dict[str, Any]
    snapshot: Snapshot
    catalog: LiveCatalog

    def text(self, name: str) -> str:
        """A required parameter that is text. Raises JsonRpcError."""
        value = self.params.get(name)
        if not isinstance(value, str):
            raise JsonRpcError(INVALID_PARAMS, f'Invalid params: "{name}" must be a string')
        return value

    def arguments(self) -> dict[str, Any]:
        """The arguments for a tool or prompt, {} where there are none. Raises JsonRpcError."""
        value = self.params.get("arguments")
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise JsonRpcError(INVALID_PARAMS, 'Invalid params: "arguments" must be an object')
        return value


Method = Callable[[Call], Awaitable[dict[str, Any]]]
