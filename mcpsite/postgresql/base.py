"""Django's PostgreSQL backend, using the connection pool once the process serves."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

from invocations.resilience.breaker import State
from invocations.resilience.sql_connections import serving

from .bounded import BoundedConnection, breaker, time_left

FIRST_WAIT_SECONDS = 1.0
"""After waiting this long for a connection, find out why there is none."""


class DatabaseWrapper(base.DatabaseWrapper):
    """See the package. `OPTIONS["pool"]` holds the arguments of psycopg's pool."""

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = BoundedConnection
        super().__init__(settings_dict, *args, **kwargs)

    @property
    def pool(self) -> Any:
        """The pool shared by all threads; None in a command."""
        return super().pool if self._shares else None

    @property
    def _shares(self) -> bool:
        return serving.is_set() and "pool" in self.settings_dict["OPTIONS"]

    def get_connection_params(self) -> dict[str, Any]:
        """Return psycopg's parameters; in a server process, PostgreSQL ends slow statements itself."""
        params: dict[str, Any] = super().get_connection_params()
        seconds, options = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS, params.get("options", "")
        if self._shares and seconds and "statement_timeout" not in options:
            params["options"] = f"{options} -c statement_timeout={seconds}s".strip()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection. Raises immediately while PostgreSQL is known to be down."""
        if self.pool is None:
            return super().get_new_connection(conn_params)
        if not breaker.allow():
            raise psycopg.OperationalError("PostgreSQL did not answer a moment ago")
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return self._wait_for_connection()

    def _wait_for_connection(self) -> Any:
        pool = self.pool
        pool.open()
        allowed = min(pool.timeout, time_left())
        first = min(FIRST_WAIT_SECONDS, allowed)
        try:
            return pool.getconn(timeout=first)
        except PoolTimeout:
            # The pool would keep waiting while PostgreSQL is down. If all connections are in use,
            # one longer wait keeps the waiting threads in order better than many short ones.
            if breaker.state is not State.CLOSED or allowed <= first:
                raise
            return pool.getconn(timeout=allowed - first)

    def _close(self) -> None:
        if self.connection is not None and getattr(self.connection, "_pool", None) is None:
            self.connection.close()  # opened before the process served
        else:
            super()._close()  # type: ignore[misc]  # missing in the stubs
