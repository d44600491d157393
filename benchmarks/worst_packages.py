"""Latency of gateway calls while people work with the most expensive packages possible.

    python -m benchmarks.worst_packages [--seconds 20]

Starts a server and calls one small skill up to a hundred times a second: first alone, then during everything
that `tests/test_budgets.py` requests. Prints the latencies and the most expensive requests. Run it on an
otherwise idle machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.support.budget_world import World, ask_all, ask_with_large_arguments, inspect_at_once, serving
from tests.support.prepared import prepare
from tests.support.server import ROOT

ROUNDS = 5
"""Repetitions of work that takes a few seconds."""
SHOWN_MAX = 8
"""Number of most expensive requests to print."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="duration of the calls without other load")
    seconds = parser.parse_args().seconds
    print("| during | calls | p50 ms | p99 ms | longest ms | p99 / p99 alone |\n|---|---|---|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder, serving(prepare(Path(folder)).operated) as world:
        alone = row("nothing", measured(world, partial(time.sleep, seconds)), None)
        for what, work in WORK.items():
            row(what, measured(world, partial(work, world)), alone)
        dearest = sorted(world.costs.items(), key=lambda cost: cost[1].cpu_seconds)[-SHOWN_MAX:]
    print("\n| request | CPU s | CPU s of the server process | MiB |\n|---|---|---|---|")  # noqa: T201
    for what, use in reversed(dearest):
        mebibytes = use.memory_bytes / 2**20
        print(f"| {what} | {use.cpu_seconds:.2f} | {use.own_cpu_seconds:.2f} | {mebibytes:.0f} |")  # noqa: T201


def measured(world: World, work: Callable[[], object]) -> list[float]:
    """Return the seconds that each call took during the work, sorted."""
    with probe(world) as process:
        work()
        if process.poll() is not None:
            raise SystemExit("a call failed")
        process.terminate()
        return sorted(map(float, process.communicate()[0].splitlines()))


@contextmanager
def probe(world: World) -> Iterator[subprocess.Popen[str]]:
    """Run the calling process."""
    command = [sys.executable, "-m", "benchmarks.gateway_probe", str(world.server.port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def row(what: str, took: list[float], alone: float | None) -> float:
    """Print a table row; return the 99th percentile in seconds."""
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    ratio = f"{p99 / alone:.1f}" if alone else ""
    print(f"| {what} | {len(took)} | {p50 * 1e3:.1f} | {p99 * 1e3:.1f} | {took[-1] * 1e3:.0f} | {ratio} |", flush=True)  # noqa: T201
    return p99


def repeated(work: Callable[[World], object]) -> Callable[[World], None]:
    def all_rounds(world: World) -> None:
        for _ in range(ROUNDS):
            work(world)

    return all_rounds


WORK: dict[str, Callable[[World], object]] = {
    "everything about each of the worst packages": ask_all,
    "eight inspections at once": repeated(lambda world: inspect_at_once(world, 8)),
    "calls with megabytes of arguments": repeated(ask_with_large_arguments),
}

if __name__ == "__main__":
    main()
