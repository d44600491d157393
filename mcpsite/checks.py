"""System checks across the apps, run at startup or by `check --deploy`. They contact no server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from .env import env_str


@checks.register()
def check_redis_url(**kwargs: Any) -> list[checks.CheckMessage]:
    """REDIS_URL must be a Redis URL (E001)."""
    url = settings.REDIS_URL
    if not url or (urlsplit(url).scheme in ("redis", "rediss", "unix")):
        return []
    return [
        checks.Error(
            f"REDIS_URL={url!r} is not a URL of Redis.",
            hint="Write it like redis://redis:6379, or leave it empty for a single process.",
            id="mcpsite.E001",
        )
    ]


@checks.register()
def check_streams_leave_room_for_requests(**kwargs: Any) -> list[checks.CheckMessage]:
    """Streams must not take all connections (W003)."""
    if settings.HTTP_MAX_CONNECTIONS > settings.MCP_MAX_STREAMS:
        return []
    return [
        checks.Warning(
            f"MCP_MAX_STREAMS={settings.MCP_MAX_STREAMS} streams can take all {settings.HTTP_MAX_CONNECTIONS} "
            "connections that HTTP_MAX_CONNECTIONS allows, and leave none for requests.",
            hint="Raise HTTP_MAX_CONNECTIONS, or lower MCP_MAX_STREAMS.",
            id="mcpsite.W003",
        )
    ]


@checks.register(deploy=True)
def check_replicas_share_what_they_must(**kwargs: Any) -> list[checks.CheckMessage]:
    """With `s3`, which is for several replicas, nothing shared may live in local files (W001, W002)."""
    if settings.STORAGE_BACKEND != "s3":
        return []
    messages: list[checks.CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        messages.append(
            checks.Warning(
                "STORAGE_BACKEND=s3 with SQLite: the registry is in a file that other replicas do not see.",
                hint="Set DATABASE_URL to a PostgreSQL, unless there is only one replica.",
                id="mcpsite.W001",
            )
        )
    if not env_str("SECRET_KEY"):
        messages.append(
            checks.Warning(
                "STORAGE_BACKEND=s3 without SECRET_KEY: each replica signs sessions with a key of its own.",
                hint="Give all replicas the same SECRET_KEY.",
                id="mcpsite.W002",
            )
        )
    return messages
