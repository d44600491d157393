"""Guessing at tokens is slowed down by address, and keeps out nobody who has a valid one.

Each process counts by itself. Over the limit, an address has one token checked at a time: so a valid
one still opens, and whoever floods with others occupies no more than one check, and learns nothing but 429.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .memory import Rates
from .rules import BUSY_RETRY_SECONDS, TooMany


class Failures:
    """Failed attempts to show who one is, by address."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._trying: set[str] = set()

    @contextmanager
    def attempt(self, address: str, per_minute: int, failure: type[Exception]) -> Iterator[None]:
        """Around a check that may raise `failure`; 0 a minute for no limit. Raises TooMany."""
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


_MESSAGE = "Too many attempts with tokens that are not valid"
