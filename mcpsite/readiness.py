"""Whether this process can serve, and the state of its dependencies; see `docs/operations.md`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from invocations.recording.recorder import recorder
from invocations.resilience import deadline, supervision
from invocations.resilience.thread_pool import Pool
from mcp_gateway.catalog import CatalogUnavailable, LiveCatalog
from skills_registry.models import CatalogHead
from skills_registry.store import package_store

from .schema import missing_migrations

log = logging.getLogger(__name__)

SECONDS = 3.0
"""Time limit for all checks, which run concurrently."""
KEPT_SECONDS = 1.0
"""How long a report is cached, so that frequent probes do not burden the dependencies."""
OK = "ok"
NEEDED_ONCE = ("database", "migrations", "catalog")
"""A process can serve, from memory if necessary, once each of these was available at least once."""
FAILURES = (DatabaseError, InterfaceError, OSError, redis.RedisError, CatalogUnavailable)


class MigrationsMissing(Exception):
    """The database is older than this release; the message names the missing migrations."""


@dataclass(frozen=True)
class Report:
    """Overall status, `ok`, `degraded` (serving, but a part is down) or `unavailable`, and the state of each part."""

    status: str
    parts: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def serves(self) -> bool:
        """Whether this process should receive requests."""
        return self.status != "unavailable"


def check_database() -> None:
    """Check that the database answers and has its tables."""
    try:
        CatalogHead.objects.exists()
    finally:
        connections.close_all()  # the thread may end before using it again


def check_migrations() -> None:
    """Check that the database has all migrations of this release. Raises MigrationsMissing."""
    try:
        if missing := missing_migrations():
            raise MigrationsMissing(f"missing: {', '.join(missing)}")
    finally:
        connections.close_all()


def check_redis() -> None:
    """Check that Redis answers, if configured."""
    if settings.REDIS_URL:
        _redis(settings.REDIS_URL).ping()


CHECKS: dict[str, Callable[[], object]] = {
    "database": check_database,
    "migrations": check_migrations,
    "store": package_store.check_access,
    "redis": check_redis,
}
"""Checks besides the catalog; each raises one of FAILURES or MigrationsMissing."""


class Readiness:
    """Runs all checks concurrently, each in its own thread, one run at a time."""

    def __init__(self, catalog: Callable[[], LiveCatalog]) -> None:
        self._catalog = catalog
        self._pools = {name: Pool(f"ready-{name}", threads=1, waiting=0) for name in CHECKS}
        self._had: set[str] = set()
        self._asking: asyncio.Task[Report] | None = None
        self._asked_at = float("-inf")

    async def report(self) -> Report:
        """Return the current report, or one at most KEPT_SECONDS old."""
        loop = asyncio.get_running_loop()
        asking = self._asking
        if asking is None or asking.get_loop() is not loop or self._is_old(asking):
            self._asked_at = time.monotonic()
            asking = self._asking = loop.create_task(self._ask())
        return await asyncio.shield(asking)

    def _is_old(self, asking: asyncio.Task[Report]) -> bool:
        return asking.done() and time.monotonic() - self._asked_at > KEPT_SECONDS

    async def _ask(self) -> Report:
        catalog = self._catalog()
        with deadline.override(SECONDS):
            asked = {name: self._pools[name].run(check) for name, check in CHECKS.items()}
            found = await asyncio.gather(_outcome(_check_catalog(catalog)), *map(_outcome, asked.values()))
        parts = dict(zip(["catalog", *asked], found, strict=True))
        self._had |= {name for name, outcome in parts.items() if outcome == OK}
        serves = catalog.generation is not None and self._had.issuperset(NEEDED_ONCE)
        whole = all(outcome == OK for outcome in parts.values())
        status = "unavailable" if not serves else OK if whole else "degraded"
        return Report(status, parts, _facts(catalog))


async def _check_catalog(catalog: LiveCatalog) -> None:
    """Check that the served catalog is fresh. Raises TimeoutError."""
    async with asyncio.timeout(SECONDS):
        await catalog.snapshot()
    if (catalog.age or 0.0) > SECONDS + settings.MCP_REFRESH_SECONDS:
        raise TimeoutError


async def _outcome(asked: Any) -> str:
    """Return `ok` or the type of the failure; without details, because /readyz is public."""
    try:
        await asked
    except MigrationsMissing as missing:
        return str(missing)
    except FAILURES as error:
        return type(error).__name__
    except Exception:
        log.exception("a readiness check failed unexpectedly")
        return "Error"
    return OK


def _facts(catalog: LiveCatalog) -> dict[str, Any]:
    age = catalog.age
    failing = [f"{part.name}: {part}" for part in supervision.report() if not part.healthy]
    return {
        "background": "; ".join(failing) or OK,
        "recording": str(recorder.state),
        "catalog_generation": catalog.generation,
        "catalog_age_seconds": None if age is None else round(age, 1),
    }


@cache
def _redis(url: str) -> Any:
    return redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
