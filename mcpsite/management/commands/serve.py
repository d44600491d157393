from __future__ import annotations

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from mcpsite.schema import missing_migrations
from mcpsite.server.uvicorn_limits import LimitedProtocol


class Command(BaseCommand):
    """What the image runs: one process per container."""

    help = "Serves with uvicorn on HOST and PORT, as in production."

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGTERM; the process exits once all recorded calls are written."""
        self._warn_about_schema()
        # Imported late: the application lists the static files when it is loaded.
        from mcpsite.asgi import application  # noqa: PLC0415

        uvicorn.run(
            application,
            host=settings.HOST,
            port=settings.PORT,
            loop="uvloop",
            http=LimitedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,  # settings.LOGGING applies
            access_log=False,
            server_header=False,
            proxy_headers=False,  # TRUSTED_PROXY_COUNT and TRUST_X_FORWARDED_PROTO decide
            timeout_keep_alive=settings.HTTP_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.ANSWERS_STOP_SECONDS,
        )

    def _warn_about_schema(self) -> None:
        """Warn about missing migrations; serve anyway, and `/readyz` is 200 once they are applied."""
        try:
            missing = missing_migrations()
        except DatabaseError as error:
            self.stderr.write(f"The database does not answer yet: {str(error).strip()}")
        else:
            if missing:
                self.stderr.write(
                    f"The database is older than this release. Run: manage.py migrate ({', '.join(missing)})"
                )
        finally:
            connection.close()
