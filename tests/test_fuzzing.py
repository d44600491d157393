"""Nothing that anybody sends breaks the gateway: always an answer, in time, never a 5xx, and by the schemas of MCP."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mcpsite.asgi import application

from .conftest import Gateway
from .support.fuzz import JSON, Headers, broken, encode, headers_of, messages
from .support.gateway_asking import REVISIONS, VERSION, envelope
from .support.official_schemas import check_exchange
from .support.patience import PATIENCE_SECONDS

pytest_plugins = ["tests.support.gateway_wire"]

REVISION = st.shared(st.sampled_from(REVISIONS), key="revision")
FUZZED = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails the test where anything went so wrong that it was logged."""
    yield
    loud = [
        record for when in ("setup", "call") for record in caplog.get_records(when) if record.levelno > logging.INFO
    ]
    assert not loud


async def exchange(body: bytes, headers: Headers, method: str = "POST") -> None:
    """Send a request of any sort and judge the answer; the client goes as soon as it has sent it."""
    scope = {
        "type": "http",
        "method": method,
        "path": "/mcp",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
    }
    events = iter([{"type": "http.request", "body": body, "more_body": False}])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(events, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(application(scope, receive, send), PATIENCE_SECONDS)
    event(f"answered with {sent[0]['status']}")
    versions = [value.decode("latin-1").strip(" \t") for name, value in headers if name.lower() == VERSION.encode()]
    received = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(event["body"] for event in sent[1:])
    check_exchange(body, ", ".join(versions) if versions else None, sent[0]["status"], received, content)


@given(body=st.binary(max_size=300) | JSON.map(encode), revision=REVISION, data=st.data())
@FUZZED
async def test_any_bytes_with_any_headers(
    wire: Gateway, transactional_db: None, body: bytes, revision: str, data: st.DataObject
) -> None:
    await exchange(body, data.draw(headers_of(None, revision)), data.draw(st.sampled_from(["POST", "GET", "DELETE"])))


@given(revision=REVISION, data=st.data())
@FUZZED
async def test_messages_that_are_nearly_right(
    wire: Gateway, transactional_db: None, revision: str, data: st.DataObject
) -> None:
    message = data.draw(messages(revision).flatmap(broken))

    await exchange(encode(message), data.draw(headers_of(message, revision)))


@given(revision=REVISION, data=st.data())
@FUZZED
async def test_params_of_any_type_with_headers_that_fit(
    wire: Gateway, transactional_db: None, revision: str, data: st.DataObject
) -> None:
    message = data.draw(messages(revision))
    message["params"] = {key: data.draw(broken(value, times=2)) for key, value in message["params"].items()}

    await exchange(encode(message), data.draw(headers_of(message, revision, changes=0)))


@given(revision=REVISION, data=st.data())
@FUZZED
async def test_batches(wire: Gateway, transactional_db: None, revision: str, data: st.DataObject) -> None:
    batch = data.draw(st.lists(messages(revision).flatmap(broken) | JSON, max_size=6))

    await exchange(encode(batch), data.draw(headers_of(None, revision)))


@given(batch=st.just([None, {"jsonrpc": "2.0", "method": "ping", "params": {"_meta": envelope()}}]))
@FUZZED
async def test_batch_is_answered_as_its_revision_does(wire: Gateway, transactional_db: None, batch: list[Any]) -> None:
    await exchange(encode(batch), [(b"content-type", b"application/json")])
