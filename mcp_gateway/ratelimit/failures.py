"""Slows down token guessing per address, without locking out callers with a valid token.

Each process counts by itself. Above the limit, only one token per address is checked at a time: a valid
one still works, and a flood of invalid ones occupies one check and gets only 429.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .memory import Rates
from .rules import BUSY_RETRY_SECONDS, TooMany


class Failures:
    """Failed authentications by address."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._trying: set[str] = set()

    @contextmanager
    def attempt(self, address: str, per_minute: int, failure: type[Exception]) -> Iterator[None]:
        """Wrap a check that raises `failure` for an invalid token. `per_minute` 0: no limit. Raises TooMany."""
        if not per_minute:
            yield
            return
        wait = self._rates.wait(address, per_minute)
        if not wait:
            try:
                yield
            except failure:
                self._rates.take(address, per_minute)
                raise
            return
        if address in self._trying:
            raise TooMany(_MESSAGE, BUSY_RETRY_SECONDS)
        self._trying.add(address)
        try:
            yield
        except failure:
            raise TooMany(_MESSAGE, wait) from None
        finally:
            self._trying.discard(address)


_MESSAGE = "Too many attempts with invalid tokens"
