"""The exceptions of a store that is needed and does not answer. Pure."""

from __future__ import annotations


class StoreUnavailable(OSError):
    """A store could not be reached in time, or refused the request. A full or read-only disk raises plain OSError."""


class MissingFile(StoreUnavailable, FileNotFoundError):
    """The store has no such file."""


class DeadlinePassed(StoreUnavailable, TimeoutError):
    """The work took longer than the caller may wait."""
