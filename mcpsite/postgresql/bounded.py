"""PostgreSQL connections with bounded waits, and the circuit breaker of the server."""

from __future__ import annotations

import time
from typing import Any, Self, TypeVar

import psycopg
from django.conf import settings
from psycopg.abc import PQGen, Query
from psycopg.rows import TupleRow

from invocations.resilience import deadline
from invocations.resilience.breaker import Breaker

T = TypeVar("T")

GRACE_SECONDS = 1.0
"""How long after PostgreSQL's own statement timeout a wait is given up."""

LEAST_SECONDS = 1.0
"""Minimum time of a statement. Time that a request spent elsewhere is no failure of PostgreSQL, and it must still
be able to record what it changed."""

breaker = Breaker(failures=1, open_seconds=2.0, trial_seconds=10.0)
"""PostgreSQL is tried again two seconds after a failure."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """Closes the connection if an answer takes too long.

    PostgreSQL ends slow statements itself (`statement_timeout`), so a longer silence means that it is down.
    """

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Self:
        """Connect, on behalf of the pool. Raises psycopg.OperationalError."""
        try:
            connection = super().connect(*args, **kwargs)
        except psycopg.OperationalError:
            breaker.record_failure()
            raise
        breaker.record_success()
        return connection

    def execute(self, query: Query, *args: Any, **kwargs: Any) -> psycopg.Cursor[TupleRow]:
        """Run a statement outside of Django's cursors, such as the pool's connection check."""
        with deadline.within(settings.DATABASE_CONNECT_TIMEOUT_SECONDS):
            return super().execute(query, *args, **kwargs)

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer. Raises psycopg.OperationalError on timeout."""
        began = time.monotonic()
        allowed = min(_statement_limit(), time_left(), float("inf") if timeout is None else timeout)
        try:
            found = super().wait(gen, interval, None if allowed == float("inf") else allowed)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()  # a late answer must not be taken for that of the next statement
            if time.monotonic() - began >= settings.DATABASE_CONNECT_TIMEOUT_SECONDS:
                breaker.record_failure()
            raise psycopg.OperationalError(f"PostgreSQL did not answer within {allowed:.1f} seconds") from None
        breaker.record_success()
        return found


def time_left() -> float:
    """Return the seconds that a wait for PostgreSQL may take."""
    return max(deadline.remaining(), LEAST_SECONDS)


def _statement_limit() -> float:
    seconds: int = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS
    return seconds + GRACE_SECONDS if seconds else float("inf")
