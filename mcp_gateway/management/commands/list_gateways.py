from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mcp_gateway import replicas


class Command(BaseCommand):
    help = "Lists the processes that serve /mcp, with host, served generation and last heartbeat."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per process."""
        for replica in replicas.list_replicas():
            silent = " (silent)" if replica.is_silent else ""
            serves = "nothing yet" if replica.generation is None else f"generation {replica.generation}"
            self.stdout.write(
                f"{replica}: {replica.server}, version {replica.version}, serves {serves}, "
                f"last seen {replica.last_seen:%Y-%m-%d %H:%M:%S} UTC{silent}"
            )
