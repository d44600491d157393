"""How long calls of the gateway take while somebody works with the worst packages that there can be.

    python -m benchmarks.worst_packages [--seconds 20]

Starts a server and calls one small skill a hundred times a second at most: beside nothing, then beside everything
that `tests/test_budgets.py` asks for. Prints how long the calls took, and the dearest requests. Run it on a machine
that does nothing else.
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

from tests.support.budget_world import World, ask_all, ask_for_very_much, review_at_once, serving
from tests.support.prepared import prepare
from tests.support.server import ROOT

ROUNDS = 5
"""Of what takes a few seconds."""
DEAREST = 8
"""Of the requests, those shown."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the calls beside nothing")
    seconds = parser.parse_args().seconds
    print("| beside | calls | p50 ms | p99 ms | longest ms | p99 / p99 beside nothing |\n|---|---|---|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder, serving(prepare(Path(folder)).operated) as world:
        alone = row("nothing", measured(world, partial(time.sleep, seconds)), None)
        for what, work in WORK.items():
            row(what, measured(world, partial(work, world)), alone)
        dearest = sorted(world.costs.items(), key=lambda cost: cost[1].cpu_seconds)[-DEAREST:]
    print("\n| request | s of CPU | of the process that serves | MiB |\n|---|---|---|---|")  # noqa: T201
    for what, use in reversed(dearest):
        mebibytes = use.memory_bytes / 2**20
        print(f"| {what} | {use.cpu_seconds:.2f} | {use.own_cpu_seconds:.2f} | {mebibytes:.0f} |")  # noqa: T201


def measured(world: World, work: Callable[[], object]) -> list[float]:
    """Seconds that each call took meanwhile, the longest last."""
    with probe(world) as process:
        work()
        if process.poll() is not None:
            raise SystemExit("a call failed")
        process.terminate()
        return sorted(map(float, process.communicate()[0].splitlines()))


@contextmanager
def probe(world: World) -> Iterator[subprocess.Popen[str]]:
    """Calls, one after another, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.gateway_probe", str(world.server.port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def row(what: str, took: list[float], alone: float | None) -> float:
    """Print a line of the table; the 99th of a hundred calls, in seconds."""
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
    "eight reviews at once": repeated(lambda world: review_at_once(world, 8)),
    "calls with megabytes of arguments": repeated(ask_for_very_much),
}

if __name__ == "__main__":
    main()
