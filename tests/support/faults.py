"""A proxy for DynamoDB that injects faults: throttling, conflicts, lost answers, outages, hangs."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .patience import PATIENCE_SECONDS

Fault = Callable[["Exchange"], None]
PASS_ON = {"content-type", "x-amz-target", "authorization", "x-amz-date", "x-amz-security-token", "content-length"}


class Exchange:
    """A request to DynamoDB that a fault may answer, forward, or leave unanswered."""

    def __init__(self, handler: BaseHTTPRequestHandler, upstream: str) -> None:
        self.handler = handler
        self.upstream = upstream
        self.operation = handler.headers.get("x-amz-target", "").rpartition(".")[2]
        self.body = handler.rfile.read(int(handler.headers.get("content-length", 0)))

    def forward(self) -> tuple[int, bytes]:
        """Forward the request; return the server's status and body."""
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_SECONDS)
        headers = {name: value for name, value in self.handler.headers.items() if name.lower() in PASS_ON}
        try:
            connection.request("POST", "/", self.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answer(self, status: int, body: bytes) -> None:
        """Send an answer."""
        self.handler.send_response(status)
        self.handler.send_header("content-type", "application/x-amz-json-1.0")
        self.handler.send_header("content-length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def fail(self, code: str, message: str = "injected", **more: Any) -> None:
        """Send a DynamoDB error."""
        error = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, "Message": message, **more}
        self.answer(400, json.dumps(error).encode())

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)


def throttle(exchange: Exchange) -> None:
    """Throttle: the request is not executed."""
    exchange.fail("ProvisionedThroughputExceededException")


def conflict(exchange: Exchange) -> None:
    """Cancel because of another transaction: the request is not executed."""
    count = len(json.loads(exchange.body)["TransactItems"])
    reasons = [{"Code": "None"} for _ in range(count - 1)] + [{"Code": "TransactionConflict", "Message": "injected"}]
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    exchange.fail("TransactionCanceledException", message, CancellationReasons=reasons)


def lose_answer(exchange: Exchange) -> None:
    """Execute the request, and drop the answer."""
    exchange.forward()
    exchange.hang_up()


def leave_unprocessed(exchange: Exchange) -> None:
    """Answer a batch read for one key, and return the others as unprocessed."""
    asked = json.loads(exchange.body)["RequestItems"]
    later = {table: {**request, "Keys": request["Keys"][1:]} for table, request in asked.items() if request["Keys"][1:]}
    first = {table: {**request, "Keys": request["Keys"][:1]} for table, request in asked.items()}
    exchange.body = json.dumps({"RequestItems": first}).encode()
    exchange.handler.headers.replace_header("content-length", str(len(exchange.body)))
    status, body = exchange.forward()
    exchange.answer(status, json.dumps({**json.loads(body), "UnprocessedKeys": later}).encode())


class FaultyDynamo:
    """The proxy; `faults` maps an operation to the faults of its next requests, in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.faults: dict[str, Iterator[Fault | None]] = {}
        self.asked: Counter[str] = Counter()
        self.away = False
        self.answers = threading.Event()
        """While cleared, requests are accepted but not answered."""
        self.answers.set()
        self._lock = threading.Lock()

    def next_fault(self, operation: str) -> Fault | None:
        """Return the next fault of an operation, if any."""
        with self._lock:
            self.asked[operation] += 1
            return next(self.faults.get(operation, iter(())), None)


@contextmanager
def faulty(upstream: str) -> Iterator[FaultyDynamo]:
    """Run a proxy for a DynamoDB server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            exchange = Exchange(self, upstream)
            fault = proxy.next_fault(exchange.operation)
            if not proxy.answers.is_set():
                proxy.answers.wait()
                exchange.hang_up()
            elif proxy.away:
                exchange.hang_up()
            elif fault is not None:
                fault(exchange)
            else:
                exchange.answer(*exchange.forward())

        def log_message(self, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy = FaultyDynamo(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.answers.set()
            server.shutdown()
            thread.join()
