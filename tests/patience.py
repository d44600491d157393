"""How long tests wait for what must happen. Only a test that fails waits so long, so it is meant for a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0


def wait_until(done: Callable[[], object], problem: Callable[[], object] | str, every: float = 0.05) -> None:
    """Ask until the answer is true; fails with the problem when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, problem if isinstance(problem, str) else problem()
        time.sleep(every)
