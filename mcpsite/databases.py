"""Connection limits in Django's database settings."""

from __future__ import annotations

from typing import Any

IDLE_SECONDS = 5
"""How long the pool keeps an idle connection."""
AGE_SECONDS = 3600
"""Maximum age of a connection, unless the URL sets `conn_max_age`."""
_DJANGO_OPTIONS = {"conn_max_age", "conn_health_checks", "disable_server_side_cursors"}
"""URL parameters that are Django settings, not driver options."""


def add_limits(
    found: dict[str, Any], *, pool_size: int, pool_timeout: int, connect_timeout: int, answer_timeout: int
) -> dict[str, Any]:
    """Add connection and time limits to a database's settings. Times are in seconds."""
    given = dict(found.get("OPTIONS", {}))
    of_django = {name.upper(): given.pop(name) for name in _DJANGO_OPTIONS & given.keys()}
    if found["ENGINE"] == "django.db.backends.sqlite3":
        return {**found, "OPTIONS": _SQLITE}
    if found["ENGINE"] != "django.db.backends.postgresql":
        return {**found, **of_django, "OPTIONS": given}
    pool = {
        "min_size": 0,
        "max_size": pool_size,
        "timeout": pool_timeout,
        "max_idle": IDLE_SECONDS,
        "max_lifetime": of_django.get("CONN_MAX_AGE") or AGE_SECONDS,
        "reconnect_timeout": 1,
    }
    network = {
        "connect_timeout": connect_timeout,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 1000 * answer_timeout if answer_timeout else 0,
    }
    return {
        **found,
        **of_django,
        "ENGINE": "mcpsite.postgresql",
        "CONN_MAX_AGE": 0,  # the pool keeps connections
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**network, **given, "pool": pool},
    }


# IMMEDIATE: a transaction that will write takes its lock at the start, so that two of them
# queue for up to `timeout` seconds instead of failing half-way.
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 10,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
