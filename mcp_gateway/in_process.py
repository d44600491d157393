"""Requests that this process sends to its own gateway, for somebody whom it knows already."""

from __future__ import annotations

from dataclasses import dataclass

from .auth import Caller
from .catalog import LiveCatalog
from .wire.http import Scope

KEY = "mcp_gateway.in_process"
"""Where an ASGI scope holds this; only this process can put it there, nothing that arrives over HTTP."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Who asks, instead of what a token would say; and what to answer from, None for what is served to everybody."""

    caller: Caller
    catalog: LiveCatalog | None = None


def inside(scope: Scope) -> Inside | None:
    """What this process says of a request of its own; None for one from elsewhere."""
    found: Inside | None = scope.get(KEY)
    return found
