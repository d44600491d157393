"""The sender of an HTTP request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .auth import Caller
from .wire.session import Session


class Sender(NamedTuple):
    """The sender of a request: headers, caller, session and address."""

    headers: Mapping[str, str]
    caller: Caller
    session: Session
    request_id: str
    peer: str = ""
    """The address of the connection's peer; "" for a Unix socket."""
