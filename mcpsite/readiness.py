"""Whether this process can serve, and what of that which it needs does not answer; see `docs/operations.md`."""

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
"""How long the parts may take to answer, all at the same time."""
KEPT_SECONDS = 1.0
"""How long an answer is given again: whoever asks often must not be a burden to what is asked."""
OK = "ok"
NEEDED_ONCE = ("database", "migrations", "catalog")
"""A process that has never had one of these cannot serve; one that had them serves from memory."""
FAILURES = (DatabaseError, InterfaceError, OSError, redis.RedisError, CatalogUnavailable)


class MigrationsMissing(Exception):
    """The database is older than this release; says which migrations it lacks."""


@dataclass(frozen=True)
class Report:
    """What was found: `ok`, `degraded` (it serves, something is away) or `unavailable`; and each part."""

    status: str
    parts: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def serves(self) -> bool:
        """Whether requests should be sent to this process."""
        return self.status != "unavailable"


def database() -> None:
    """The database answers, and has its tables."""
    try:
        CatalogHead.objects.exists()
    finally:
        connections.close_all()  # the thread may not live to use it again


def migrations() -> None:
    """The database has all migrations of this release. Raises MigrationsMissing."""
    try:
        if missing := missing_migrations():
            raise MigrationsMissing(f"missing: {', '.join(missing)}")
    finally:
        connections.close_all()


def redis_answers() -> None:
    """Redis answers, where there is to be one."""
    if settings.REDIS_URL:
        _redis(settings.REDIS_URL).ping()


PARTS: dict[str, Callable[[], object]] = {
    "database": database,
    "migrations": migrations,
    "store": package_store.check_access,
    "redis": redis_answers,
}
"""What is asked besides the catalog; each raises one of FAILURES where it is not as it should be."""


class Readiness:
    """Asks everything at the same time, each in a thread of its own, and only once at a time."""

    def __init__(self, catalog: Callable[[], LiveCatalog]) -> None:
        self._catalog = catalog
        self._pools = {name: Pool(f"ready-{name}", threads=1, waiting=0) for name in PARTS}
        self._had: set[str] = set()
        self._asking: asyncio.Task[Report] | None = None
        self._asked_at = float("-inf")

    async def report(self) -> Report:
        """How things are, or were a moment ago."""
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
        with deadline.afresh(SECONDS):
            asked = {name: self._pools[name].run(check) for name, check in PARTS.items()}
            found = await asyncio.gather(_outcome(_look(catalog)), *map(_outcome, asked.values()))
        parts = dict(zip(["catalog", *asked], found, strict=True))
        self._had |= {name for name, outcome in parts.items() if outcome == OK}
        serves = catalog.generation is not None and self._had.issuperset(NEEDED_ONCE)
        whole = all(outcome == OK for outcome in parts.values())
        status = "unavailable" if not serves else OK if whole else "degraded"
        return Report(status, parts, _facts(catalog))


async def _look(catalog: LiveCatalog) -> None:
    """Raises TimeoutError where what is served is older than it should be."""
    async with asyncio.timeout(SECONDS):
        await catalog.snapshot()
    if (catalog.age or 0.0) > SECONDS + settings.MCP_REFRESH_SECONDS:
        raise TimeoutError


async def _outcome(asked: Any) -> str:
    """`ok`, or the kind of failure; anybody may read this, so no details."""
    try:
        await asked
    except MigrationsMissing as missing:
        return str(missing)
    except FAILURES as error:
        return type(error).__name__
    except Exception:
        log.exception("a part cannot be asked whether it is ready")
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
