"""Calls of a gateway, one after another, from a process of its own; each line of output is how long one took.

    python -m tests.gateway_probe PORT PROCESS

`PROCESS` is the server's. Time in which this process, the server's event loop or another thread of the server
(which may have Python's lock) was ready to run and had no core is not counted: it says how busy the machine is.
What threads do while they have a core is counted, and that is all where there are cores enough.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

EVERY_SECONDS = 0.01
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "greeter", "arguments": {}}})
HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def main() -> None:
    port, server = int(sys.argv[1]), sys.argv[2]
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        waited, started = _waited(server), time.perf_counter()
        connection.request("POST", "/mcp", BODY, HEADERS)
        response = connection.getresponse()
        answer = response.read()
        took = time.perf_counter() - started - _for_nothing(waited, _waited(server))
        assert response.status == 200, answer
        assert b"Say hello." in answer, answer
        sys.stdout.write(f"{took:.5f}\n")
        sys.stdout.flush()
        time.sleep(EVERY_SECONDS)


def _waited(server: str) -> dict[str, float]:
    """Seconds in which threads were ready and had no core (proc_pid_schedstat), by what they are."""
    places = {"own": Path("/proc/self/schedstat"), **{path.name: path / "schedstat" for path in _threads(server)}}
    waited: dict[str, float] = {}
    for name, place in places.items():
        with suppress(OSError):  # it has ended meanwhile
            waited[name] = int(place.read_text().split()[1]) / 1e9
    return waited


def _threads(server: str) -> Iterator[Path]:
    return Path(f"/proc/{server}/task").iterdir()


def _for_nothing(before: dict[str, float], after: dict[str, float]) -> float:
    """What this process, the event loop (the thread with the process's number) and one other thread waited."""
    waited = {name: seconds - before.get(name, 0) for name, seconds in after.items()}
    others = [seconds for name, seconds in waited.items() if name not in ("own", sys.argv[2])]
    return waited["own"] + waited[sys.argv[2]] + max(others, default=0)


if __name__ == "__main__":
    main()
