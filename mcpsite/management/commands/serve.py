from __future__ import annotations

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from mcpsite.uvicorn_limits import LimitedProtocol

DRAIN_SECONDS = 15
"""How long answers under way may take once the process is to end; writing the log comes after, all within 30 s."""


class Command(BaseCommand):
    """What the image runs: one process; more replicas are more containers."""

    help = "Serves with uvicorn on HOST and PORT, as production does."

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until stopped; by SIGTERM, of which the process dies once everything is written."""
        # Only now: the application lists the static files when it is loaded.
        from mcpsite.asgi import application  # noqa: PLC0415

        uvicorn.run(
            application,
            host=settings.HOST,
            port=settings.PORT,
            loop="uvloop",
            http=LimitedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,  # the product's own, LOGGING
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom to believe is for TRUSTED_PROXY_COUNT and TRUST_X_FORWARDED_PROTO
            timeout_keep_alive=settings.HTTP_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
