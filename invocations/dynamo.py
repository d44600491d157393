"""How this installation talks to DynamoDB: the same for every table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PynamoDBException

from . import whole_answers

whole_answers.install()

CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 3
POOL = 20


class StoreUnavailable(OSError):
    """DynamoDB could not be reached, or refused what was asked of it."""


class Connected:
    """Base of each table's `Meta`: region, endpoint, time-outs, retries and pool, set on purpose."""

    region = settings.AWS_REGION
    host = settings.DYNAMODB_ENDPOINT_URL or None
    connect_timeout_seconds = CONNECT_SECONDS
    read_timeout_seconds = READ_SECONDS
    max_retry_attempts = TRIES - 1
    max_pool_connections = POOL


@cache
def connection() -> Connection:
    """The process's connection for transactions."""
    return Connection(
        region=Connected.region,
        host=Connected.host,
        connect_timeout_seconds=CONNECT_SECONDS,
        read_timeout_seconds=READ_SECONDS,
        max_retry_attempts=TRIES - 1,
        max_pool_connections=POOL,
    )


def unavailable(error: PynamoDBException) -> StoreUnavailable:
    """A failure of PynamoDB's as one of the store's."""
    return StoreUnavailable(str(error))


@contextmanager
def as_unavailable() -> Iterator[None]:
    """PynamoDB's failures as the store's; that something is not there is none."""
    try:
        yield
    except DoesNotExist:
        raise
    except PynamoDBException as error:
        raise unavailable(error) from error
