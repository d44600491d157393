"""A connection on which nobody waits longer than is allowed, and what is known of the server behind it."""

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
"""How much later than PostgreSQL itself should end a statement it is given up here."""

LEAST_SECONDS = 1.0
"""What a statement gets in any case: that others used up the time of a request is no failure of PostgreSQL, and
whoever has changed something must still be able to say so."""

breaker = Breaker(failures=1, open_seconds=2.0, trial_seconds=10.0)
"""Whether PostgreSQL answers: it is asked again two seconds after it did not."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """Ends each wait for an answer, and the connection with it, where the answer takes too long.

    PostgreSQL ends slow statements itself (`statement_timeout`), so that a longer silence means that it is away.
    """

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Self:
        """Connect, as the pool asks for. Raises psycopg.OperationalError."""
        try:
            connection = super().connect(*args, **kwargs)
        except psycopg.OperationalError:
            breaker.failed()
            raise
        breaker.succeeded()
        return connection

    def execute(self, query: Query, *args: Any, **kwargs: Any) -> psycopg.Cursor[TupleRow]:
        """A statement outside of Django's cursors: by it the pool checks a connection before it hands it out."""
        with deadline.within(settings.DATABASE_CONNECT_TIMEOUT_SECONDS):
            return super().execute(query, *args, **kwargs)

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer. Raises psycopg.OperationalError where it does not come in time."""
        began = time.monotonic()
        allowed = min(_statement_limit(), time_left(), float("inf") if timeout is None else timeout)
        try:
            found = super().wait(gen, interval, None if allowed == float("inf") else allowed)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()  # the answer may still come, and must not be taken for that of another statement
            if time.monotonic() - began >= settings.DATABASE_CONNECT_TIMEOUT_SECONDS:
                breaker.failed()
            raise psycopg.OperationalError(f"PostgreSQL has not answered within {allowed:.1f} seconds") from None
        breaker.succeeded()
        return found


def time_left() -> float:
    """Seconds that a wait for PostgreSQL may take."""
    return max(deadline.remaining(), LEAST_SECONDS)


def _statement_limit() -> float:
    seconds: int = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS
    return seconds + GRACE_SECONDS if seconds else float("inf")
