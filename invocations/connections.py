"""Connections to the SQL database, which all requests and threads of a process share."""

from __future__ import annotations

from django.db import connections


def release_connections() -> None:
    """Let others have this thread's connections, as at the end of a request; those in a transaction stay."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
