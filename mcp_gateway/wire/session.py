"""Stateless legacy sessions: the signed session id contains the client's name.

Legacy clients send their name only in `initialize`. With the name in the id, every replica can log it,
and nothing has to be stored, expired or shared (2025-11-25: basic/transports).
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
    """A session's id, and its client as `name/version`."""

    id: str = ""
    client: str = ""


NO_SESSION = Session()


class UnknownSession(Exception):
    """A session id without a valid signature of this server."""


def start_session(client_info: Any) -> str:
    """Return a new session id (visible ASCII) for a client."""
    return signing.dumps([secrets.token_hex(8), client_label(client_info)], salt=_SALT, compress=True)


def resume_session(session_id: str) -> Session:
    """Return the session with this id. Raises UnknownSession."""
    try:
        own_id, client = signing.loads(session_id, salt=_SALT)
    except (signing.BadSignature, ValueError):
        raise UnknownSession(session_id) from None
    return Session(own_id, client)


def client_label(client_info: Any) -> str:
    """Return `name/version` from an untrusted `clientInfo`, shortened and printable, for the log."""
    if not isinstance(client_info, dict):
        return ""
    parts = client_info.get("name"), client_info.get("version")
    label = "/".join([part for part in parts if isinstance(part, str) and part])[:CLIENT_MAX]
    if label.isprintable():
        return label
    return "".join(character if character.isprintable() else "\ufffd" for character in label)
