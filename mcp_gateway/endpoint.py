"""The ASGI application at /mcp: translates between HTTP and JSON-RPC (Streamable HTTP).

Responses are plain JSON. If notifications come before the response, it is a stream of server-sent events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from invocations.resilience import deadline

from .admission import LISTEN_METHOD, admit, limit_key
from .auth import identify
from .auth.identity import invalidate_callers
from .cached_settings import settings
from .catalog import LiveCatalog, live_catalog
from .dispatch import Answer, answer
from .failures import Failure, failure_of
from .in_process import InProcessRequest, in_process_request
from .replica_messages import Listener
from .sender import Sender
from .streams.listening import hub, listen, listen_legacy
from .streams.sse import EventStream
from .streams.subscription import Subscription
from .wire import eras
from .wire.cors import add_cors_headers, answer_preflight
from .wire.eras import legacy, modern
from .wire.headers import (
    BadHeader,
    accepts_events,
    check_accept,
    check_body_format,
    check_listening,
    check_origin,
    read_headers,
)
from .wire.http import HttpAnswer, Receive, Scope, Send, read_body, send_answer
from .wire.jsonrpc import (
    INVALID_REQUEST,
    Id,
    JsonRpcError,
    Notification,
    Request,
    Response,
    decode,
    encode,
    error_message,
    id_of,
    is_notification,
    read_message,
)
from .wire.session import NO_SESSION, resume_session, start_session
from .wire.transport import add_hsts_header, check_transport

SESSION_HEADER = "mcp-session-id"
BATCH_MAX = 100
BATCH_ANSWER_MAX_BYTES = 32 * 1024 * 1024
"""All responses in a batch together; each may hold a file of the largest size."""
_BATCH_FULL = f"the previous responses in this batch exceed {BATCH_ANSWER_MAX_BYTES:,} bytes; send smaller batches"


def _on_replica_message(revoked: str) -> None:
    """Refresh catalog, callers and streams after another replica announced a change. `revoked` is a `Caller.key`."""
    live_catalog.expire()
    invalidate_callers(revoked)
    hub.wake(revoked)


_listener = Listener(_on_replica_message, hub.announce_update)


async def mcp_endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle one HTTP request."""
    _listener.start()
    headers = read_headers(scope["headers"])
    send = add_hsts_header(scope, headers, add_cors_headers(headers, send))
    try:
        if in_process_request(scope) is None:
            check_transport(scope, headers)
        found = answer_preflight(scope["method"], headers) or await _handle(scope, headers, receive, send)
    except Exception as exception:  # noqa: BLE001  # `failure_of` logs unexpected exceptions
        found = _refusal(exception, None, headers)
    if found is not None:
        await send_answer(send, found)


def _refusal(exception: Exception, message_id: Id | None, headers: Mapping[str, str]) -> HttpAnswer:
    """Return the response to a request that failed before a method was called."""
    failure = failure_of(exception, "a request to the gateway")
    message = error_message(message_id, failure.error, null_id=legacy.has_null_id(headers.get(modern.VERSION_HEADER)))
    return HttpAnswer.json(failure.http_status(modern=True), message, failure.headers)


async def _handle(scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> HttpAnswer | None:
    """Return the response; None if it was streamed. Raises what `failure_of` knows."""
    known = in_process_request(scope)
    sender = await _identify_sender(scope, headers, known)
    if scope["method"] == "GET":
        await _answer_get(sender, receive, send)
        return None
    value = decode(await read_body(receive, settings.MCP_MAX_BODY_BYTES))
    try:
        slot = None if known else await admit(value, sender)
        try:
            if isinstance(value, list):
                return await _answer_batch(value, sender)
            catalog = known.catalog if known and known.catalog else live_catalog
            return await _answer_one(value, sender, catalog, receive, send)
        finally:
            if slot is not None:
                slot.release()
    except Exception as exception:  # noqa: BLE001  # `failure_of` logs unexpected exceptions
        return _refusal(exception, id_of(value), headers)


async def _identify_sender(scope: Scope, headers: Mapping[str, str], known: InProcessRequest | None) -> Sender:
    """Check the headers and identify the sender. Raises BadHeader and AccessRefused."""
    check_origin(headers)
    _check_method(scope["method"], headers)
    peer = _peer_address(scope)
    caller = known.caller if known else await identify(headers, scope["query_string"], peer)
    return Sender(headers, caller, NO_SESSION, scope.get("request_id", ""), peer)


def _check_method(method: str, headers: Mapping[str, str]) -> None:
    if method == "GET" and headers.get(modern.VERSION_HEADER) != modern.VERSION:
        check_listening(headers)
    elif method != "POST":
        # There are no sessions to DELETE, and 2026-07-28 has no GET; both eras allow a 405.
        only = "Only POST is allowed, and GET to open a stream in revisions before 2026-07-28"
        raise BadHeader(405, only, allow="GET, POST")
    else:
        check_body_format(headers)
        check_accept(headers)


async def _answer_get(sender: Sender, receive: Receive, send: Send) -> None:
    """Stream `list_changed` notifications to a legacy client."""
    version = sender.headers.get(modern.VERSION_HEADER)
    if version is not None and version not in legacy.VERSIONS:
        raise JsonRpcError(INVALID_REQUEST, "Unsupported protocol version")
    await admit({"method": LISTEN_METHOD}, sender)
    await read_body(receive, settings.MCP_MAX_BODY_BYTES)
    stream = EventStream(receive, send, cancel_on_disconnect=True)
    try:
        await listen_legacy(stream, _with_session(sender), limit_key(sender), live_catalog)
    except asyncio.CancelledError:
        if not stream.is_disconnected:
            raise


def _peer_address(scope: Scope) -> str:
    """Return the address of the connection's peer; "" for a Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


async def _answer_one(
    value: Any, sender: Sender, catalog: LiveCatalog, receive: Receive, send: Send
) -> HttpAnswer | None:
    message = read_message(value)
    if not isinstance(message, Request):
        return _accept_message(message, sender)
    era = eras.select(message.method, message.params, sender.headers)
    if not era.modern and message.method != "initialize":
        sender = _with_session(sender)
    stream = EventStream(receive, send, cancel_on_disconnect=era.modern) if accepts_events(sender.headers) else None
    try:
        answered = await answer(message, era, sender, catalog, stream)
        if stream is not None and stream.filter is not None:
            await listen(stream, Subscription(stream.filter, sender, limit_key(sender), message.id), catalog)
    except asyncio.CancelledError:
        if stream is None or not stream.is_disconnected:
            raise
        return None
    if stream is not None and stream.is_open:
        await stream.close(answered.message)
        return None
    if answered.failure is not None:
        status = answered.failure.http_status(modern=era.modern)
        return HttpAnswer.json(status, answered.message, answered.failure.headers)
    headers = (
        {SESSION_HEADER: start_session(message.params.get("clientInfo"))} if _is_initialized(message, answered) else {}
    )
    return HttpAnswer.json(200, answered.message, headers)


def _accept_message(message: Notification | Response, sender: Sender) -> HttpAnswer:
    """Accept a notification or response with 202. Raises JsonRpcError if the revision has no such message."""
    version = sender.headers.get(modern.VERSION_HEADER)
    if version is None or version in legacy.VERSIONS:
        _with_session(sender)  # raises UnknownSession for a bad session id
        return HttpAnswer(202)
    modern.check_version(version)
    if isinstance(message, Response):
        raise JsonRpcError(INVALID_REQUEST, "This revision does not allow responses from clients")
    return HttpAnswer(202)


async def _answer_batch(values: list[Any], sender: Sender) -> HttpAnswer:
    """Answer each request in a batch. Only 2025-03-26 and 2024-11-05 have batches."""
    if not legacy.allows_batch(sender.headers.get(modern.VERSION_HEADER)):
        raise JsonRpcError(INVALID_REQUEST, "Invalid request: this revision does not support batches")
    if not 0 < len(values) <= BATCH_MAX:
        raise JsonRpcError(INVALID_REQUEST, f"Invalid request: a batch must have 1 to {BATCH_MAX} messages")
    sender = _with_session(sender)
    answers: list[bytes] = []
    unavailable: Failure | None = None
    with deadline.within(settings.MCP_DEADLINE_SECONDS):  # one deadline for the whole batch
        for value in values:
            full = sum(map(len, answers)) > BATCH_ANSWER_MAX_BYTES
            found = await _answer_in_batch(value, sender, full=full)
            if found is not None:
                answers.append(encode(found.message))
                if found.failure is not None and found.failure.status == 503:
                    unavailable = found.failure
    body = b"[" + b",".join(answers) + b"]"
    if unavailable is not None:
        return HttpAnswer(503, body, unavailable.headers)
    return HttpAnswer(200, body) if answers else HttpAnswer(202)


async def _answer_in_batch(value: Any, sender: Sender, *, full: bool) -> Answer | None:
    """Return the response to one message; None for a notification. `full`: refuse, the batch is too large."""
    try:
        message = read_message(value)
        if not isinstance(message, Request):
            return None
        era = eras.select(message.method, message.params, sender.headers)
        if message.method == "initialize" or era.modern:
            raise JsonRpcError(INVALID_REQUEST, "Invalid request: this request cannot be part of a batch")
        if full:
            raise JsonRpcError(INVALID_REQUEST, f"Invalid request: {_BATCH_FULL}")
    except JsonRpcError as error:
        return None if is_notification(value) else Answer(error_message(id_of(value), error, null_id=True))
    return await answer(message, era, sender, live_catalog)


def _with_session(sender: Sender) -> Sender:
    """Return the sender with the session from its header (legacy eras only). Raises UnknownSession."""
    session_id = sender.headers.get(SESSION_HEADER)
    return sender if session_id is None else sender._replace(session=resume_session(session_id))


def _is_initialized(message: Request, answered: Answer) -> bool:
    return message.method == "initialize" and "protocolVersion" in answered.message.get("result", {})
