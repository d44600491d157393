"""What was fuzzed in process, over a real server: its own reading of HTTP, its headers, its connections."""

from __future__ import annotations

import os
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .support.fuzz import Headers, broken, encode, headers_of, messages
from .support.gateway_asking import REVISIONS, VERSION
from .support.official_schemas import STATUSES, check_exchange
from .support.patience import PATIENCE_SECONDS
from .support.server import Server

pytest_plugins = ["tests.conformance.world"]

REVISION = st.shared(st.sampled_from(REVISIONS), key="revision")
FRAMING = {b"content-length", b"transfer-encoding", b"host"}
"""Written for each request as it must be: what is wrong with these never reaches the application."""


@given(revision=REVISION, data=st.data())
@settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "150")), deadline=None)
def test_server_answers_whatever_it_is_sent(official_server: Server, revision: str, data: st.DataObject) -> None:
    message = data.draw(messages(revision).flatmap(broken))
    headers = [pair for pair in data.draw(headers_of(message, revision)) if pair[0].lower() not in FRAMING]
    body = encode(message)

    response, received = post(official_server.port, body, headers)

    received_headers = {name.lower(): value for name, value in response.getheaders()}
    if received_headers.get("content-type", "").startswith("text/plain"):
        assert response.status == 400  # the server's own answer to what is no HTTP
        return
    versions = [value.decode("latin-1").strip(" \t") for name, value in headers if name.lower() == VERSION.encode()]
    version = ", ".join(versions) if versions else None
    assert response.status in STATUSES
    check_exchange(body, version, response.status, received_headers, received)


def post(port: int, body: bytes, headers: Headers) -> tuple[HTTPResponse, bytes]:
    """Send a request; what comes, up to the first event where it is a stream."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.putrequest("POST", "/mcp", skip_accept_encoding=True)
        for name, value in headers:
            try:
                connection.putheader(name, value)
            except ValueError:
                assume(False)  # what no client's library lets pass
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        if response.getheader("content-type") == "text/event-stream":
            return response, first_event(response)
        return response, response.read()
    finally:
        connection.close()


def first_event(response: Any) -> bytes:
    """The first event of a stream that may never end."""
    lines = b""
    while not lines.endswith(b"\n\n"):
        line = response.readline()
        assert line, "the stream ended within an event"
        lines += line
    return lines
