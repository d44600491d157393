"""How long tests wait for what must happen. Only a test that fails waits so long, so it is meant for a busy machine."""

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
    """Ask every so many seconds until the answer is true; fails with the problem when it is not within the time."""
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, problem if isinstance(problem, str) else problem()
        time.sleep(every)
