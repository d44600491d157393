"""Cost of a request to this gateway, a bare ASGI application, FastMCP 4 and the official SDK.

    make benchmark                       everything, into benchmarks/results/gateway.md
    make benchmark ARGS="--quick --json" one JSON object per row, within a minute
    make benchmark ARGS="--on granian --servers skillkeeper bare"   on another ASGI server

All applications run on the same ASGI server, uvicorn (uvloop, httptools) unless --on names another, and on one
core; the load generator (gateway_load.py) runs on another.
They are measured in turn, round after round, so that disturbances affect all; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it also runs as a file

from benchmarks.gateway_load import Load, load  # noqa: E402
from benchmarks.gateway_report import Row, table, write_report  # noqa: E402
from benchmarks.gateway_requests import ERAS, Call, calls, prepared, prepared_bare  # noqa: E402
from benchmarks.gateway_servers import GRANIAN, PEERS, SERVE_ON, Running, pinned, running, write_skills  # noqa: E402

SERVERS = ("skillkeeper", "bare", "fastmcp", "sdk")


@dataclass(frozen=True, slots=True)
class Effort:
    """Extent of the measurement."""

    seconds: float
    rounds: int
    connections: int
    warm_up: float
    """Warm-up seconds before the first round."""


def measure(servers: Sequence[str], sizes: Sequence[int], effort: Effort, on: str) -> Iterator[Row]:
    """Yield row after row for each catalog; `on` is one of SERVE_ON."""
    cores = sorted(os.sched_getaffinity(0))
    for size in dict.fromkeys(sizes):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            skills = Path(folder) / "skills"
            write_skills(skills, size)
            started = {}
            for name in servers:
                (Path(folder) / name).mkdir()
                started[name] = stack.enter_context(running(name, Path(folder) / name, skills, cores[0], on))
            for server in started.values():
                server.wait()
            stack.enter_context(pinned(cores[-1]))
            for call in calls(sizes):
                if call.skills == size:
                    for era in ERAS:
                        yield from compare(started, call, era, effort)


def compare(started: dict[str, Running], call: Call, era: str, effort: Effort) -> Iterator[Row]:
    """Measure one call on all servers that support it, in turn."""
    token, size = started["skillkeeper"].token, 0
    requests: dict[str, list[bytes]] = {}
    for name, server in started.items():
        if name != "bare":
            asked = prepared(name, call, era, token)
            answer = ask_once(server.port, asked[0])
            if call.is_answered(answer.content):
                requests[name] = asked
            size = size or len(answer.content)
    requests["bare"] = prepared_bare(requests["skillkeeper"], size)
    rounds: dict[str, list[Load]] = defaultdict(list)
    if effort.warm_up:
        for name, asked in requests.items():
            load(started[name], asked, seconds=effort.warm_up, connections=effort.connections)
    for _ in range(effort.rounds):
        for name, asked in requests.items():
            rounds[name].append(load(started[name], asked, seconds=effort.seconds, connections=effort.connections))
    bare = statistics.median(found.rps for found in rounds["bare"])
    for name, loads in rounds.items():
        rps = statistics.median(found.rps for found in loads)
        cpu_us = statistics.median(found.cpu_us for found in loads)
        busy = statistics.median(found.busy for found in loads)
        yield Row(name, call.method, call.skills, era, rps, cpu_us, rps / bare, size, busy)


def ask_once(port: int, request: bytes) -> httpx.Response:
    """Return the answer to one of the prepared requests."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    return httpx.post(f"http://127.0.0.1:{port}/mcp", content=body, headers=headers, timeout=60)


def main() -> None:
    """Measure and print or write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", action="store_true", help="print one JSON object per row and write no report")
    parser.add_argument("--on", choices=SERVE_ON, default="uvicorn", help="the ASGI server that runs them all")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    parser.add_argument("--skills", nargs=3, type=int, default=(17, 100, 1000), metavar=("SMALL", "MIDDLE", "LARGE"))
    parser.add_argument("--seconds", type=float, help="duration per server and round")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    if {"fastmcp", "sdk"} & set(given.servers) and not PEERS.exists():
        parser.error("the peers are not installed: use make benchmark, or --servers skillkeeper bare")
    if given.on == "granian" and not GRANIAN.exists():
        parser.error("granian is not installed: use make benchmark")
    usual = Effort(0.25, 1, 4, 0) if given.quick else Effort(1.0, 5, 16, 0.2)
    effort = replace(usual, **{name: value for name in ("seconds", "rounds") if (value := getattr(given, name))})
    rows = []
    for row in measure(
        sorted({*given.servers, "skillkeeper", "bare"}, key=SERVERS.index), given.skills, effort, given.on
    ):
        rows.append(row)
        if given.json:
            print(json.dumps(row.as_json()), flush=True)  # noqa: T201  # the output
    if not given.json:
        print(table(rows))  # noqa: T201
        if not given.quick and given.on == "uvicorn":
            write_report(rows, seconds=effort.seconds, rounds=effort.rounds, connections=effort.connections)


if __name__ == "__main__":
    main()
