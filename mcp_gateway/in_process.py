"""Requests this process sends to its own gateway on behalf of a known caller."""

from __future__ import annotations

from dataclasses import dataclass

from .auth import Caller
from .catalog import LiveCatalog
from .wire.http import Scope

KEY = "mcp_gateway.in_process"
"""Key in the ASGI scope. Only this process can set it, not an HTTP client."""


@dataclass(frozen=True, slots=True)
class InProcessRequest:
    """The caller, who needs no token, and the catalog to answer from."""

    caller: Caller
    catalog: LiveCatalog | None = None
    """None for the live catalog."""


def in_process_request(scope: Scope) -> InProcessRequest | None:
    """Return the data of an in-process request; None for a request over HTTP."""
    found: InProcessRequest | None = scope.get(KEY)
    return found
