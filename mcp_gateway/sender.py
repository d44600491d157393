"""Who sent a request, as far as HTTP tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .auth import Caller
from .wire.session import Session


class Sender(NamedTuple):
    """What is known of who sent a request, besides the request itself."""

    headers: Mapping[str, str]
    caller: Caller
    session: Session
    request_id: str
    peer: str = ""
    """The address that the connection comes from; "" where there is none (a socket of this machine)."""
