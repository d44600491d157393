"""A legacy session that nobody has to remember: a signed id that says which client was initialised.

Legacy clients name themselves only in `initialize`; with the name inside the id, any replica can
log who calls, and there is nothing to store, to expire or to share (2025-11-25: basic/transports).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.core import signing

_SALT = "mcp_gateway.wire.session"
CLIENT_MAX = 100


@dataclass(frozen=True, slots=True)
class Session:
    """The session's own id, and the client's name and version as `name/version`."""

    id: str = ""
    client: str = ""


NO_SESSION = Session()


class UnknownSession(Exception):
    """A session id that this server did not sign."""


def start_session(client_info: Any) -> str:
    """A new session id (visible ASCII) for a client."""
    return signing.dumps([secrets.token_hex(8), client_label(client_info)], salt=_SALT, compress=True)


def resume_session(session_id: str) -> Session:
    """What a session id says. Raises UnknownSession."""
    try:
        own_id, client = signing.loads(session_id, salt=_SALT)
    except (signing.BadSignature, ValueError):
        raise UnknownSession(session_id) from None
    return Session(own_id, client)


def client_label(client_info: Any) -> str:
    """`name/version` of a `clientInfo`, which is what the client says of itself and nothing more; fit for a log."""
    if not isinstance(client_info, dict):
        return ""
    parts = client_info.get("name"), client_info.get("version")
    label = "/".join([part for part in parts if isinstance(part, str) and part])[:CLIENT_MAX]
    if label.isprintable():
        return label
    return "".join(character if character.isprintable() else "\ufffd" for character in label)
