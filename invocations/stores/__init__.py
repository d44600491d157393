"""Where calls are logged and counted: SQL by default, DynamoDB with `STORAGE_BACKEND=s3`."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from .base import InvocationStore


def get_store() -> InvocationStore:
    """Return this installation's store (`INVOCATION_STORE`)."""
    return _store(settings.INVOCATION_STORE)


@cache
def _store(path: str) -> InvocationStore:
    store: InvocationStore = import_string(path)()
    return store
