"""DynamoDB connections, configured once for every table."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.models import Model

from invocations.resilience.unavailable import StoreUnavailable

from . import whole_answers
from .guard import Guard

whole_answers.install()

__all__ = ["ConnectionMeta", "Table", "connection", "guard", "translate_error", "translate_errors"]


def _probe() -> None:
    """Get an item by key; "not found" is also an answer."""
    key = {"skill_id": {"S": "_probe"}}
    connection().client.get_item(TableName=settings.DYNAMODB_SKILLS_TABLE, Key=key)


guard = Guard("DynamoDB", settings.DYNAMODB_CALL_TIMEOUT_SECONDS, _probe)


class ConnectionMeta:
    """Base of each table's `Meta`: region, endpoint, timeouts, retries and pool size."""

    region = settings.AWS_REGION
    host = settings.DYNAMODB_ENDPOINT_URL or None
    connect_timeout_seconds = settings.DYNAMODB_CONNECT_TIMEOUT_SECONDS
    read_timeout_seconds = settings.DYNAMODB_READ_TIMEOUT_SECONDS
    max_retry_attempts = settings.DYNAMODB_TRIES - 1
    max_pool_connections = settings.DYNAMODB_CONNECTIONS


class GuardedConnection(Connection):
    """A connection whose calls all go through `guard`."""

    def __init__(self) -> None:
        super().__init__(
            region=ConnectionMeta.region,
            host=ConnectionMeta.host,
            connect_timeout_seconds=ConnectionMeta.connect_timeout_seconds,
            read_timeout_seconds=ConnectionMeta.read_timeout_seconds,
            max_retry_attempts=ConnectionMeta.max_retry_attempts,
            max_pool_connections=ConnectionMeta.max_pool_connections,
        )
        self._lock = threading.Lock()
        self._watched: Any = None

    @property
    def client(self) -> Any:
        """The client; PynamoDB creates it lazily, and again until there are credentials."""
        with self._lock:
            client = super().client
            if client is not self._watched:
                guard.watch(client)
                self._watched = client
        return client


class Table(Model):
    """Base of all tables."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if not isinstance(table.connection, GuardedConnection):
            guarded = GuardedConnection()
            guarded.add_meta_table(table.get_meta_table())
            table.connection = guarded
        return table


@cache
def connection() -> Connection:
    """Return the process-wide connection for transactions."""
    return GuardedConnection()


def translate_error(error: PynamoDBException) -> StoreUnavailable:
    """Convert a PynamoDB error into StoreUnavailable."""
    return StoreUnavailable(str(error))


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise PynamoDB errors as StoreUnavailable; DoesNotExist passes through."""
    try:
        yield
    except DoesNotExist:
        raise
    except PynamoDBException as error:
        raise translate_error(error) from error
