"""The ASGI callable behind /mcp: HTTP <-> JSON-RPC, nothing else (Streamable HTTP).

Answers are plain JSON, but for requests of which something is told before the answer: a stream then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from invocations import deadline

from . import eras
from .admission import NEVER_ENDING, admit, key_of
from .auth import AccessRefused, identify
from .auth.identity import ask_again
from .catalog import LiveCatalog, live_catalog
from .cors import for_page, preflight
from .dispatch import RETRY_SECONDS, Answer, answer
from .eras import legacy, modern
from .headers import (
    BadHeader,
    accepts_events,
    check_accept,
    check_body_format,
    check_listening,
    check_origin,
    read_headers,
)
from .http import HttpAnswer, Receive, Refused, Scope, Send, read_body, send_answer
from .inside import Inside, inside
from .jsonrpc import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    TOO_MANY_REQUESTS,
    Id,
    JsonRpcError,
    Notification,
    Request,
    Response,
    decode,
    encode,
    error_message,
    http_status,
    id_of,
    is_notification,
    read_message,
)
from .listening import hub, listen, listen_legacy
from .nudges import Listener
from .remembered_settings import settings
from .sender import Sender
from .session import NO_SESSION, UnknownSession, resume, start
from .sse import EventStream
from .streams.subscription import Subscription
from .transport import check_transport, telling_to_stay

log = logging.getLogger(__name__)

SESSION_HEADER = "mcp-session-id"
BATCH_MAX = 100
BATCH_ANSWER_MAX_BYTES = 32 * 1024 * 1024
"""Of the answers in a batch together, each of which may be the largest file there is."""
_FULL = f"the answers before this one have more than {BATCH_ANSWER_MAX_BYTES:,} bytes; send smaller batches"
_CODES = {429: TOO_MANY_REQUESTS, 503: INTERNAL_ERROR}
"""Of refusals by HTTP status; the others say that the request is not as it must be."""


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
        _check_transport(scope, headers)
        found = preflight(scope["method"], headers) or await _handle(scope, headers, receive, send)
    except Refused as refused:
        found = _refusal(refused, headers)
    except Exception:
        log.exception("a request to the gateway failed")
        found = _refusal(Refused(500, JsonRpcError(INTERNAL_ERROR, "Internal error")), headers)
    if found is not None:
        await send_answer(send, found)


def _check_transport(scope: Scope, headers: Mapping[str, str]) -> None:
    if inside(scope) is not None:
        return
    try:
        check_transport(scope, headers)
    except BadHeader as bad:
        raise Refused(bad.status, JsonRpcError(INVALID_REQUEST, str(bad))) from None


def _refusal(refused: Refused, headers: Mapping[str, str]) -> HttpAnswer:
    return refused.answer(null_id=legacy.has_null_id(headers.get(modern.VERSION_HEADER)))


async def _handle(scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> HttpAnswer | None:
    """The answer, None where it was sent as a stream. Raises Refused."""
    known = inside(scope)
    sender = await _sender(scope, headers, known)
    if scope["method"] == "GET":
        await _listen(sender, receive, send)
        return None
    try:
        value = decode(await read_body(receive, settings.MCP_MAX_BODY_BYTES))
    except JsonRpcError as error:
        raise Refused(400, error) from None
    place = None if known else await admit(value, sender)
    try:
        if isinstance(value, list):
            return await _answer_batch(value, sender)
        catalog = known.catalog if known and known.catalog else live_catalog
        return await _answer_one(value, sender, catalog, receive, send)
    finally:
        if place is not None:
            place.leave()


async def _sender(scope: Scope, headers: Mapping[str, str], known: Inside | None) -> Sender:
    """Who sends this, by headers that are as they must be. Raises Refused."""
    try:
        check_origin(headers)
        _check_method(scope["method"], headers)
    except BadHeader as bad:
        raise Refused(bad.status, JsonRpcError(INVALID_REQUEST, str(bad)), **bad.headers) from None
    peer = _peer(scope)
    try:
        caller = known.caller if known else await identify(headers, scope["query_string"], peer)
    except AccessRefused as refusal:
        code = _CODES.get(refusal.status, INVALID_REQUEST)
        raise Refused(refusal.status, JsonRpcError(code, str(refusal)), **refusal.headers) from None
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
    """The stream that a GET opens. Raises Refused."""
    version = sender.headers.get(modern.VERSION_HEADER)
    if version is not None and version not in legacy.VERSIONS:
        raise Refused(400, JsonRpcError(INVALID_REQUEST, "Unsupported protocol version"))
    await admit({"method": NEVER_ENDING}, sender)
    await read_body(receive, settings.MCP_MAX_BODY_BYTES)
    stream = EventStream(receive, send, cancels=True)
    try:
        await listen_legacy(stream, _with_session(sender, None), key_of(sender), live_catalog)
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
    try:
        message = read_message(value)
    except JsonRpcError as error:
        raise Refused(400, error, id_of(value)) from None
    if not isinstance(message, Request):
        return _accept(message, sender)
    era = eras.select(message.method, message.params, sender.headers)
    if not era.modern and message.method != "initialize":
        sender = _with_session(sender, message.id)
    stream = EventStream(receive, send, cancels=era.modern) if accepts_events(sender.headers) else None
    try:
        answered = await answer(message, era, sender, catalog, stream)
        if stream is not None and stream.wish is not None:
            await listen(stream, Subscription(stream.wish, sender, key_of(sender), message.id), catalog, message.id)
    except asyncio.CancelledError:
        if stream is None or not stream.cut_off:
            raise
        return None
    if stream is not None and stream.is_open:
        await stream.close(answered.message)
        return None
    headers = {SESSION_HEADER: start(message.params.get("clientInfo"))} if _initialized(message, answered) else {}
    if answered.retry_after is not None:
        headers["retry-after"] = str(answered.retry_after)
    return HttpAnswer.json(_status(answered, modern=era.modern), answered.message, headers)


def _status(answered: Answer, *, modern: bool) -> int:
    """The HTTP status of an answer; before 2026-07-28 what a method fails of travels as 200, also that it is away."""
    if answered.error_code is None:
        return 200
    if answered.unavailable:
        return 503
    return 503 if modern and answered.retry_after is not None else http_status(answered.error_code, modern=modern)


def _accept(message: Notification | Response, sender: Sender) -> HttpAnswer:
    """Take a message that nothing here waits for. Raises Refused where the revision does not know it."""
    version = sender.headers.get(modern.VERSION_HEADER)
    if version is None or version in legacy.VERSIONS:
        _with_session(sender, None)  # for its refusal alone
        return HttpAnswer(202)
    try:
        modern.check_version(version)
    except JsonRpcError as error:
        raise Refused(400, error) from None
    if isinstance(message, Response):
        raise Refused(400, JsonRpcError(INVALID_REQUEST, "Clients send no responses in this revision"))
    return HttpAnswer(202)


async def _answer_batch(values: list[Any], sender: Sender) -> HttpAnswer:
    """A batch, which only 2025-03-26 and before have; each request in it is answered on its own."""
    if not legacy.allows_batch(sender.headers.get(modern.VERSION_HEADER)):
        raise Refused(400, JsonRpcError(INVALID_REQUEST, "Invalid request: this revision has no batches"))
    if not 0 < len(values) <= BATCH_MAX:
        raise Refused(400, JsonRpcError(INVALID_REQUEST, f"Invalid request: a batch holds 1 to {BATCH_MAX} messages"))
    sender = _with_session(sender, None)
    answers: list[bytes] = []
    unavailable = False
    with deadline.within(settings.MCP_DEADLINE_SECONDS):  # one for all, not one for each
        for value in values:
            full = sum(map(len, answers)) > BATCH_ANSWER_MAX_BYTES
            found = await _answer_in_batch(value, sender, full=full)
            if found is not None:
                answers.append(encode(found.message))
                unavailable = unavailable or found.unavailable
    body = b"[" + b",".join(answers) + b"]"
    if unavailable:
        return HttpAnswer(503, body, {"retry-after": str(RETRY_SECONDS)})
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
        return None if is_notification(value) else Answer(error_message(id_of(value), error, null_id=True), error.code)
    return await answer(message, era, sender, live_catalog)


def _with_session(sender: Sender, message_id: Id | None) -> Sender:
    """The sender with the session that its header names, if any; only legacy messages have one. Raises Refused."""
    session_id = sender.headers.get(SESSION_HEADER)
    if session_id is None:
        return sender
    try:
        return sender._replace(session=resume(session_id))
    except UnknownSession:
        error = JsonRpcError(INVALID_REQUEST, "Unknown session: send initialize again")
        raise Refused(404, error, message_id) from None


def _initialized(message: Request, answered: Answer) -> bool:
    return message.method == "initialize" and "protocolVersion" in answered.message.get("result", {})
