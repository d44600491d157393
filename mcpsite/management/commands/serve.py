from __future__ import annotations

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand


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
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,  # the product's own, LOGGING
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom to believe is for TRUSTED_PROXY_COUNT and TRUST_X_FORWARDED_PROTO
            timeout_graceful_shutdown=settings.ANSWERS_STOP_SECONDS,
        )
