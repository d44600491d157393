"""The ASGI callable behind /mcp: HTTP <-> JSON-RPC, nothing else (Streamable HTTP).

Answers are plain JSON, but for requests of which something is told before the answer: a stream then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from invocations.resilience import deadline

from .admission import NEVER_ENDING, admit, key_of
from .auth import identify
from .auth.identity import ask_again
from .cached_settings import settings
from .catalog import LiveCatalog, live_catalog
from .dispatch import Answer, answer
from .failures import Failure, failure_of
from .in_process import Inside, inside
from .replica_messages import Listener
from .sender import Sender
from .streams.listening import hub, listen, listen_legacy
from .streams.sse import EventStream
from .streams.subscription import Subscription
from .wire import eras
from .wire.cors import for_page, preflight
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
from .wire.session import NO_SESSION, resume, start
from .wire.transport import check_transport, telling_to_stay

SESSION_HEADER = "mcp-session-id"
BATCH_MAX = 100
BATCH_ANSWER_MAX_BYTES = 32 * 1024 * 1024
"""Of the answers in a batch together, each of which may be the largest file there is."""
_FULL = f"the answers before this one have more than {BATCH_ANSWER_MAX_BYTES:,} bytes; send smaller batches"


def _look_again(revoked: str) -> None:
    """Some replica has told of a change: of the catalog, or of a token, which may be revoked."""
    live_catalog.expire()
    ask_again(revoked)
    hub.wake(revoked)


_listener = Listener(_look_again, hub.updated)


async def mcp_endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """One HTTP request."""
    _listener.start()
    headers = read_headers(scope["headers"])
    send = telling_to_stay(scope, headers, for_page(headers, send))
    try:
        if inside(scope) is None:
            check_transport(scope, headers)
        found = preflight(scope["method"], headers) or await _handle(scope, headers, receive, send)
    except Exception as exception:  # noqa: BLE001  # `failure_of` logs what nobody expects
        found = _refusal(exception, None, headers)
    if found is not None:
        await send_answer(send, found)


def _refusal(exception: Exception, message_id: Id | None, headers: Mapping[str, str]) -> HttpAnswer:
    """The answer to a request that failed before any method was called."""
    failure = failure_of(exception, "a request to the gateway")
    message = error_message(message_id, failure.error, null_id=legacy.has_null_id(headers.get(modern.VERSION_HEADER)))
    return HttpAnswer.json(failure.http_status(modern=True), message, failure.headers)


async def _handle(scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> HttpAnswer | None:
    """The answer, None where it was sent as a stream. Raises what `failure_of` knows."""
    known = inside(scope)
    sender = await _sender(scope, headers, known)
    if scope["method"] == "GET":
        await _listen(sender, receive, send)
        return None
    value = decode(await read_body(receive, settings.MCP_MAX_BODY_BYTES))
    try:
        place = None if known else await admit(value, sender)
        try:
            if isinstance(value, list):
                return await _answer_batch(value, sender)
            catalog = known.catalog if known and known.catalog else live_catalog
            return await _answer_one(value, sender, catalog, receive, send)
        finally:
            if place is not None:
                place.leave()
    except Exception as exception:  # noqa: BLE001  # `failure_of` logs what nobody expects
        return _refusal(exception, id_of(value), headers)


async def _sender(scope: Scope, headers: Mapping[str, str], known: Inside | None) -> Sender:
    """Who sends this, by headers that are as they must be. Raises BadHeader and AccessRefused."""
    check_origin(headers)
    _check_method(scope["method"], headers)
    peer = _peer(scope)
    caller = known.caller if known else await identify(headers, scope["query_string"], peer)
    return Sender(headers, caller, NO_SESSION, scope.get("request_id", ""), peer)


def _check_method(method: str, headers: Mapping[str, str]) -> None:
    if method == "GET" and headers.get(modern.VERSION_HEADER) != modern.VERSION:
        check_listening(headers)
    elif method != "POST":
        # There is no session to delete, and 2026-07-28 has no GET; both eras allow saying so.
        only = "Only POST is served here, and GET for streams of revisions before 2026-07-28"
        raise BadHeader(405, only, allow="GET, POST")
    else:
        check_body_format(headers)
        check_accept(headers)


async def _listen(sender: Sender, receive: Receive, send: Send) -> None:
    """The stream that a GET opens."""
    version = sender.headers.get(modern.VERSION_HEADER)
    if version is not None and version not in legacy.VERSIONS:
        raise JsonRpcError(INVALID_REQUEST, "Unsupported protocol version")
    await admit({"method": NEVER_ENDING}, sender)
    await read_body(receive, settings.MCP_MAX_BODY_BYTES)
    stream = EventStream(receive, send, cancels=True)
    try:
        await listen_legacy(stream, _with_session(sender), key_of(sender), live_catalog)
    except asyncio.CancelledError:
        if not stream.cut_off:
            raise


def _peer(scope: Scope) -> str:
    """The address that the connection comes from; "" where there is none (a socket of this machine)."""
    client = scope.get("client")
    return client[0] if client else ""


async def _answer_one(
    value: Any, sender: Sender, catalog: LiveCatalog, receive: Receive, send: Send
) -> HttpAnswer | None:
    message = read_message(value)
    if not isinstance(message, Request):
        return _accept(message, sender)
    era = eras.select(message.method, message.params, sender.headers)
    if not era.modern and message.method != "initialize":
        sender = _with_session(sender)
    stream = EventStream(receive, send, cancels=era.modern) if accepts_events(sender.headers) else None
    try:
        answered = await answer(message, era, sender, catalog, stream)
        if stream is not None and stream.wish is not None:
            await listen(stream, Subscription(stream.wish, sender, key_of(sender), message.id), catalog)
    except asyncio.CancelledError:
        if stream is None or not stream.cut_off:
            raise
        return None
    if stream is not None and stream.is_open:
        await stream.close(answered.message)
        return None
    if answered.failure is not None:
        status = answered.failure.http_status(modern=era.modern)
        return HttpAnswer.json(status, answered.message, answered.failure.headers)
    headers = {SESSION_HEADER: start(message.params.get("clientInfo"))} if _initialized(message, answered) else {}
    return HttpAnswer.json(200, answered.message, headers)


def _accept(message: Notification | Response, sender: Sender) -> HttpAnswer:
    """Take a message that nothing here waits for. Raises JsonRpcError where the revision does not know it."""
    version = sender.headers.get(modern.VERSION_HEADER)
    if version is None or version in legacy.VERSIONS:
        _with_session(sender)  # for its refusal alone
        return HttpAnswer(202)
    modern.check_version(version)
    if isinstance(message, Response):
        raise JsonRpcError(INVALID_REQUEST, "Clients send no responses in this revision")
    return HttpAnswer(202)


async def _answer_batch(values: list[Any], sender: Sender) -> HttpAnswer:
    """A batch, which only 2025-03-26 and before have; each request in it is answered on its own."""
    if not legacy.allows_batch(sender.headers.get(modern.VERSION_HEADER)):
        raise JsonRpcError(INVALID_REQUEST, "Invalid request: this revision has no batches")
    if not 0 < len(values) <= BATCH_MAX:
        raise JsonRpcError(INVALID_REQUEST, f"Invalid request: a batch holds 1 to {BATCH_MAX} messages")
    sender = _with_session(sender)
    answers: list[bytes] = []
    unavailable: Failure | None = None
    with deadline.within(settings.MCP_DEADLINE_SECONDS):  # one for all, not one for each
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
    """The answer to a message of a batch, None where it wants none; an error where the others have filled it."""
    try:
        message = read_message(value)
        if not isinstance(message, Request):
            return None
        era = eras.select(message.method, message.params, sender.headers)
        if message.method == "initialize" or era.modern:
            raise JsonRpcError(INVALID_REQUEST, "Invalid request: this cannot be part of a batch")
        if full:
            raise JsonRpcError(INVALID_REQUEST, f"Invalid request: {_FULL}")
    except JsonRpcError as error:
        return None if is_notification(value) else Answer(error_message(id_of(value), error, null_id=True))
    return await answer(message, era, sender, live_catalog)


def _with_session(sender: Sender) -> Sender:
    """The sender with the session that its header names; only legacy messages have one. Raises UnknownSession."""
    session_id = sender.headers.get(SESSION_HEADER)
    return sender if session_id is None else sender._replace(session=resume(session_id))


def _initialized(message: Request, answered: Answer) -> bool:
    return message.method == "initialize" and "protocolVersion" in answered.message.get("result", {})
