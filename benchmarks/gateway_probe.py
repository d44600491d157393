"""Calls a gateway repeatedly; each line of output is the seconds that one call took.

python -m benchmarks.gateway_probe PORT
"""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPConnection

EVERY_SECONDS = 0.01
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "greeter", "arguments": {}}})
HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def main() -> None:
    """Call until the process is killed."""
    connection = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    while True:
        started = time.perf_counter()
        connection.request("POST", "/mcp", BODY, HEADERS)
        response = connection.getresponse()
        answer = response.read()
        took = time.perf_counter() - started
        if response.status != 200 or b"Say hello." not in answer:
            raise SystemExit(f"{response.status} {answer!r}")
        sys.stdout.write(f"{took:.5f}\n")
        sys.stdout.flush()
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main()
