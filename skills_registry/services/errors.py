"""Errors that operations raise."""

from __future__ import annotations


class StoreFailed(Exception):
    """The package store failed, or a stored file is damaged. The message is shown to users."""


class Conflict(Exception):
    """The current state does not allow the operation. The message is shown to users and says why."""
