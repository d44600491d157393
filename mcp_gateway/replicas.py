"""Heartbeats: each process that serves `/mcp` regularly writes that it is alive and which generation it serves.

Only the admin's home page and `list_gateways` read them, so an unresponsive database does no harm.
A thread writes them, so that no request waits.
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

KEEP_SILENT_FOR = timedelta(days=1)
"""How long a killed process stays in the list."""
STARTING_SECONDS = 1.0
"""Heartbeat interval until a new generation has been reported."""
STOP_SECONDS = 2.0
"""How long shutdown may wait for the row to be deleted."""
_SERVERS = ("uvicorn", "granian", "hypercorn", "daphne")
"""Daphne last: it is always loaded, for `runserver`."""


class Heartbeat:
    """The row of this process in `GatewayReplica`, kept up to date by a thread."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self.id = uuid.uuid4()
        self._catalog = catalog
        self._started_at = datetime.now(UTC)
        self._thread = SupervisedThread("gateway-heartbeat", self._run)
        self._is_failing = False
        self._announced_generation: int | None = None

    def start(self) -> None:
        """Announce this process, unless MCP_HEARTBEAT_SECONDS is 0."""
        if settings.MCP_HEARTBEAT_SECONDS:
            self._thread.start()

    def stop(self) -> None:
        """Delete this process's row, waiting at most STOP_SECONDS. May be called twice."""
        self._thread.stop(STOP_SECONDS)

    def _run(self) -> None:
        while not self._thread.stopping.is_set():
            self._try_write(self._beat)
            self._thread.part.beat()
            self._thread.stopping.wait(self._pause())
        self._try_write(self._remove)

    def _pause(self) -> float:
        every: int = settings.MCP_HEARTBEAT_SECONDS
        return (
            every
            if self._announced_generation == self._catalog.generation is not None
            else min(every, STARTING_SECONDS)
        )

    def _try_write(self, write: Callable[[], None]) -> None:
        try:
            write()
            self._is_failing = False
        except (DatabaseError, InterfaceError) as error:
            if not self._is_failing:
                log.warning("could not write the heartbeat: the database does not answer: %r", error)
            self._is_failing = True
        finally:
            connections.close_all()  # don't hold a connection between heartbeats

    def _beat(self) -> None:
        self._catalog.poll()
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
        self._announced_generation = generation
        GatewayReplica.objects.filter(last_seen__lt=now - KEEP_SILENT_FOR).delete()

    def _remove(self) -> None:
        GatewayReplica.objects.filter(pk=self.id).delete()


def list_replicas() -> list[GatewayReplica]:
    """Return all gateway processes by host, including silent ones (`is_silent`)."""
    return list(GatewayReplica.objects.all())


def _server() -> str:
    """Return the name and version of the ASGI server that runs this process."""
    found = next((name for name in _SERVERS if name in sys.modules), None)
    return f"{found} {version(found)}" if found else ""


heartbeat = Heartbeat(live_catalog)
atexit.register(heartbeat.stop)
