"""Connections to the SQL database, which all requests and threads of a process share."""

from __future__ import annotations

import threading

from django.db import connections

serving = threading.Event()
"""Set in a process that serves, where connections are bounded in number, and statements in time."""


def start_serving() -> None:
    """Share connections from now on."""
    connections.close_all()
    serving.set()


def release_connections() -> None:
    """Let others have the connection that this thread took from the pool, unless it is in a transaction."""
    for connection in connections.all(initialized_only=True):
        if getattr(connection, "pool", None) is not None and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def close_pool() -> None:
    """Close what no thread uses at the moment: the process is about to end."""
    for connection in connections.all():
        close = getattr(connection, "close_pool", None)
        if close is not None:
            close()
