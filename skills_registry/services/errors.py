"""Why an operation was not done."""

from __future__ import annotations


class StoreFailed(Exception):
    """The package store did not take what it was given; the message says what is as it was before."""


class Conflict(Exception):
    """The operation does not fit the present state; the message tells the operator what that is."""
