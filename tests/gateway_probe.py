"""Calls of a gateway, one after another, from a process of its own; each line of output is how long one took.

    python -m tests.gateway_probe PORT PROCESS

`PROCESS` is the server's. Time in which the server's event loop or this process was ready to run and had no
core is not counted: it says how busy the machine is. Waiting for Python's lock is counted.
"""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

EVERY_SECONDS = 0.01
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "greeter", "arguments": {}}})
HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def main() -> None:
    port, server = int(sys.argv[1]), sys.argv[2]
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        waited, started = _waited("self") + _waited(server), time.perf_counter()
        connection.request("POST", "/mcp", BODY, HEADERS)
        response = connection.getresponse()
        answer = response.read()
        took = time.perf_counter() - started - (_waited("self") + _waited(server) - waited)
        assert response.status == 200, answer
        assert b"Say hello." in answer, answer
        sys.stdout.write(f"{took:.5f}\n")
        sys.stdout.flush()
        time.sleep(EVERY_SECONDS)


def _waited(process: str) -> float:
    """Seconds in which the first thread of a process was ready and had no core (proc_pid_schedstat)."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9


if __name__ == "__main__":
    main()
