"""Each process that serves `/mcp` says every few seconds that it lives, and which generation it serves.

That is for the admin's home page alone: nothing depends on it, and a database that does not answer
does no harm. A thread does it, so that no request ever waits for it.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from invocations.resilience.supervision import SupervisedThread

from .catalog import LiveCatalog, live_catalog
from .models import GatewayReplica
from .server_info import SERVER_INFO

log = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(days=1)
"""A process that was killed is shown for so long."""
STARTING_SECONDS = 1.0
"""How often a process says that it lives while it serves nothing yet."""
LEAVE_SECONDS = 2.0
"""How long the end of the process may wait for the last word of it."""
_SERVERS = ("uvicorn", "granian", "hypercorn", "daphne")
"""Daphne last: it is loaded for `runserver` by whatever serves."""


class Heartbeat:
    """The row of this process in `GatewayReplica`, kept up to date by a thread."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self.id = uuid.uuid4()
        self._catalog = catalog
        self._started_at = datetime.now(UTC)
        self._thread = SupervisedThread("gateway-heartbeat", self._run)
        self._away = False
        self._told: int | None = None

    def start(self) -> None:
        """Announce this process, unless MCP_HEARTBEAT_SECONDS is 0."""
        if settings.MCP_HEARTBEAT_SECONDS:
            self._thread.start()

    def stop(self) -> None:
        """Take leave; may be called twice, and does not wait long for a database that does not answer."""
        self._thread.stop(LEAVE_SECONDS)

    def _run(self) -> None:
        while not self._thread.stopping.is_set():
            self._try(self._beat)
            self._thread.part.beat()
            self._thread.stopping.wait(self._pause())
        self._try(self._leave)

    def _pause(self) -> float:
        every: int = settings.MCP_HEARTBEAT_SECONDS
        return every if self._told == self._catalog.generation is not None else min(every, STARTING_SECONDS)

    def _try(self, tell: Callable[[], None]) -> None:
        try:
            tell()
            self._away = False
        except (DatabaseError, InterfaceError) as error:
            if not self._away:
                log.warning("this process cannot be shown as alive, since the database does not answer: %r", error)
            self._away = True
        finally:
            connections.close_all()  # none is held for the sake of a word now and then

    def _beat(self) -> None:
        self._catalog.look()
        now, generation = datetime.now(UTC), self._catalog.generation
        row = GatewayReplica(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            server=_server(),
            version=SERVER_INFO["version"],
            generation=generation,
            generation_since=self._catalog.since,
            started_at=self._started_at,
            last_seen=now,
        )
        changing = ["generation", "generation_since", "last_seen"]
        GatewayReplica.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=changing)
        self._told = generation
        GatewayReplica.objects.filter(last_seen__lt=now - FORGOTTEN_AFTER).delete()

    def _leave(self) -> None:
        GatewayReplica.objects.filter(pk=self.id).delete()


def listed() -> list[GatewayReplica]:
    """Every process that serves, and those not heard of since they were killed (`is_silent`), by host."""
    return list(GatewayReplica.objects.all())


def _server() -> str:
    """The ASGI server that runs this process, with its version."""
    found = next((name for name in _SERVERS if name in sys.modules), None)
    return f"{found} {version(found)}" if found else ""


heartbeat = Heartbeat(live_catalog)
atexit.register(heartbeat.stop)
