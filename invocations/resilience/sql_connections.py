"""The SQL connections that all requests and threads of a process share."""

from __future__ import annotations

import threading

from django.db import connections

serving = threading.Event()
"""Set in a server process, where the number of connections and the time of statements are limited."""


def start_serving() -> None:
    """Use the shared connection pool from now on."""
    connections.close_all()
    serving.set()


def release_connections() -> None:
    """Return this thread's connection to the pool, unless it is in a transaction."""
    for connection in connections.all(initialized_only=True):
        if getattr(connection, "pool", None) is not None and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def close_pool() -> None:
    """Close the idle connections of the pool, before the process exits."""
    for connection in connections.all():
        close = getattr(connection, "close_pool", None)
        if close is not None:
            close()
