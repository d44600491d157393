"""Django's backend for PostgreSQL, which takes connections from the pool once the process serves."""

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
"""After so long a wait for a connection it is looked at why there is none."""


class DatabaseWrapper(base.DatabaseWrapper):
    """See the package. `OPTIONS["pool"]` holds the arguments of psycopg's pool."""

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = BoundedConnection
        super().__init__(settings_dict, *args, **kwargs)

    @property
    def pool(self) -> Any:
        """The pool that all threads share; None in a command."""
        return super().pool if self._shares else None

    @property
    def _shares(self) -> bool:
        return serving.is_set() and "pool" in self.settings_dict["OPTIONS"]

    def get_connection_params(self) -> dict[str, Any]:
        """What psycopg is told; PostgreSQL itself is to end slow statements of a process that serves."""
        params: dict[str, Any] = super().get_connection_params()
        seconds, options = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS, params.get("options", "")
        if self._shares and seconds and "statement_timeout" not in options:
            params["options"] = f"{options} -c statement_timeout={seconds}s".strip()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection. While PostgreSQL is known to be away, that is said at once."""
        if self.pool is None:
            return super().get_new_connection(conn_params)
        if not breaker.allow():
            raise psycopg.OperationalError("PostgreSQL has not answered a moment ago")
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return self._from_pool()

    def _from_pool(self) -> Any:
        pool = self.pool
        pool.open()
        allowed = min(pool.timeout, time_left())
        first = min(FIRST_WAIT_SECONDS, allowed)
        try:
            return pool.getconn(timeout=first)
        except PoolTimeout:
            # The pool itself would wait on for a PostgreSQL that is away. Where all connections are in use,
            # one wait more keeps the order of those who wait better than many short ones would.
            if breaker.state is not State.CLOSED or allowed <= first:
                raise
            return pool.getconn(timeout=allowed - first)

    def _close(self) -> None:
        if self.connection is not None and getattr(self.connection, "_pool", None) is None:
            self.connection.close()  # from before the process served
        else:
            super()._close()  # type: ignore[misc]  # the stubs do not know it
