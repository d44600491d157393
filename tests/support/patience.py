"""Timeout for events that must happen. Long enough for a busy machine; only failing tests wait it out."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0


def wait_until(
    done: Callable[[], object],
    problem: Callable[[], object] | str = "it did not happen",
    *,
    every: float = 0.05,
    within: float = PATIENCE_SECONDS,
) -> None:
    """Poll until the condition is true; fail with `problem` after the timeout."""
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, problem if isinstance(problem, str) else problem()
        time.sleep(every)
