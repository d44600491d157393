"""Cost of S3 and DynamoDB for a gateway: start, refresh after a publish, memory, AWS requests, calls.

    python -m benchmarks.storage [--skills 2000] [--versions 10] [--calls 2000] [--json]

Fills a database, a bucket and tables (in MiniStack, which it starts) through the product's services, then
starts gateway processes on them (`storage_probe.py`). Calls are measured on both
backends in turn, so that disturbances affect both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.support.aws_world import World  # noqa: E402
from tests.support.emulators import ministack  # noqa: E402
from tests.support.prepared import prepare  # noqa: E402
from tests.support.server import ROOT, clean_environment  # noqa: E402

ROUNDS = 7
CALLS = 2_000
MEASURED = {
    "CPU of a tools/call until its answer": "own_us",
    "time of a tools/call in a process that is busy, logging others meanwhile": "taken_us",
}


class Probe:
    """A gateway process that executes commands."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, *command: object) -> dict[str, Any]:
        """Run a command and return its cost."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(" ".join(map(str, command)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the measured process ended")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def probe(world: World, settings: dict[str, str]) -> Iterator[Probe]:
    """Run a gateway on this installation."""
    environment = {**clean_environment(world.data), **settings, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-m", "benchmarks.storage_probe"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Probe(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(60)


def fill(world: World, skills: int, versions: int) -> None:
    """Create skills with versions, the newest live; in a child process with a progress bar."""
    run(world, world.aws, "-m", "benchmarks.storage_fill", str(skills), str(versions))


def run(world: World, settings: dict[str, str], *arguments: str) -> None:
    """Run a long child process."""
    environment = {**clean_environment(world.data), **settings, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=sys.stderr, check=True)


def measure(skills: int, versions: int, calls: int = CALLS) -> dict[str, Any]:
    """Measure everything; `calls` is the number of tools/call per round and backend."""
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as url:
        world = World(Path(folder) / "data", url, url, like=prepare(Path(folder)).empty)
        fill(world, skills, versions)
        found: dict[str, Any] = {"skills": skills, "versions": versions}
        with probe(world, world.aws) as replica:
            found["start"] = start = replica.ask("start")
            assert start["skills"] == skills, start
            world.publish(world.aws, "bench-0000", "changed")
            found["refresh"] = replica.ask("refresh", start["generation"])
        found["calls"] = compare_calls(world, calls)
        return found


def compare_calls(world: World, calls: int) -> dict[str, Any]:
    """Measure CPU and time of a tools/call on S3 and local files in turn, and the AWS requests."""
    run(world, world.local, "manage.py", "migrate_storage", "--to", "local")
    taken: dict[str, list[float]] = {"s3": [], "local": []}
    own: dict[str, list[float]] = {"s3": [], "local": []}
    requests: dict[str, int] = {}
    with probe(world, world.aws) as on_s3, probe(world, world.local) as on_files:
        for each in (on_s3, on_files):
            each.ask("start")
            each.ask("calls", calls)
        for _ in range(ROUNDS):
            for name, each in (("s3", on_s3), ("local", on_files)):
                found = each.ask("calls", calls)
                assert set(found["statuses"]) == {"200"}, found
                taken[name].append(found["seconds"] / calls * 1e6)
                own[name].append(found["own_seconds"] / calls * 1e6)
                for operation, count in found["requests"].items():
                    requests[operation] = requests.get(operation, 0) + count
    return {
        "calls": calls * ROUNDS,
        "requests_meanwhile": requests,
        "own_us": {name: statistics.median(found) for name, found in own.items()},
        "taken_us": {name: statistics.median(found) for name, found in taken.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Return the report."""
    start, refresh, calls = found["start"], found["refresh"], found["calls"]
    rows = [
        ("gateway start", f"{start['seconds']:.2f} s", said(start["requests"]), f"{start['added_mib']:.0f} MiB"),
        ("refresh after one publish", f"{refresh['seconds']:.2f} s", said(refresh["requests"]), ""),
        *(_compared(what, calls[key]) for what, key in MEASURED.items()),
        (f"{calls['calls']:,} tools/call, without a pause", "", said(calls["requests_meanwhile"]), ""),
    ]
    head = f"{found['skills']:,} skills of {found['versions']} versions, {os.cpu_count()} cores, MiniStack"
    lines = ["| what | time | AWS requests | |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([head, "", *lines])


def _compared(what: str, microseconds: dict[str, float]) -> tuple[str, str, str, str]:
    """Return a table row about calls on both backends."""
    s3, local = microseconds["s3"], microseconds["local"]
    return what, f"{s3:.0f} us on S3, {local:.0f} us on local files", "", f"S3 / local = {s3 / local:.2f}"


def said(requests: dict[str, int]) -> str:
    """Format requests by operation."""
    return ", ".join(f"{count} {operation}" for operation, count in sorted(requests.items())) or "none"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skills", type=int, default=2000)
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--calls", type=int, default=CALLS, help="calls per round and backend")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.skills, given.versions, given.calls)
    sys.stdout.write((json.dumps(found) if given.json else table(found)) + "\n")


if __name__ == "__main__":
    main()
