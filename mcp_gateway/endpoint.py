"""The ASGI callable behind /mcp: HTTP <-> JSON-RPC, nothing else (Streamable HTTP, answers as plain JSON)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from . import eras
from .auth import Unauthorized, identify
from .catalog import live_catalog
from .dispatch import Answer, Sender, answer
from .eras import legacy, modern
from .headers import BadHeader, check_accept, check_content_type, check_origin, read_headers
from .jsonrpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
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
    read_message,
)
from .session import NO_SESSION, UnknownSession, resume, start

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SESSION_HEADER = "mcp-session-id"
BATCH_MAX = 100


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back over HTTP; `body` is a JSON value, None for no body."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that is answered before any JSON-RPC method is called."""

    def __init__(self, status: int, error: JsonRpcError, message_id: Id | None = None, **headers: str) -> None:
        super().__init__(error.message)
        self.answer = HttpAnswer(
            status, error_message(message_id, error), {name.replace("_", "-"): value for name, value in headers.items()}
        )


async def mcp_endpoint(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """One HTTP request."""
    try:
        found = await _handle(scope, receive)
    except Refused as refused:
        found = refused.answer
    await _send(send, found)


async def _handle(scope: MutableMapping[str, Any], receive: Receive) -> HttpAnswer:
    try:
        headers = read_headers(scope["headers"])
        check_origin(headers)
        if scope["method"] != "POST":
            # There is no stream to open and no session to delete; both eras allow saying so.
            raise BadHeader(405, INVALID_REQUEST, "Only POST is served here")
        check_content_type(headers)
        check_accept(headers)
    except BadHeader as bad:
        allow = {"allow": "POST"} if bad.status == 405 else {}
        raise Refused(bad.status, JsonRpcError(bad.code, str(bad)), **allow) from None
    try:
        caller = await identify(headers)
    except Unauthorized as refusal:
        raise Refused(401, JsonRpcError(INVALID_REQUEST, str(refusal)), www_authenticate="Bearer") from None
    try:
        value = decode(await _read_body(receive))
    except JsonRpcError as error:
        raise Refused(400, error) from None
    sender = Sender(headers, caller, NO_SESSION, headers.get("traceparent") or scope.get("request_id", ""))
    if isinstance(value, list):
        return await _answer_batch(value, sender)
    return await _answer_one(value, sender)


async def _answer_one(value: Any, sender: Sender) -> HttpAnswer:
    try:
        message = read_message(value)
    except JsonRpcError as error:
        raise Refused(400, error, id_of(value)) from None
    version = sender.headers.get(modern.VERSION_HEADER)
    if isinstance(message, Response):
        if version is None or version in legacy.VERSIONS:
            return HttpAnswer(202)
        raise Refused(400, JsonRpcError(INVALID_REQUEST, "Clients send no responses in this revision"))
    if isinstance(message, Notification):
        return HttpAnswer(202)
    era = eras.select(message.method, message.params, sender.headers)
    if not era.modern:
        sender = _with_session(sender, message)
    answered = await answer(message, era, sender, live_catalog)
    headers = {SESSION_HEADER: start(message.params.get("clientInfo"))} if _initialized(message, answered) else {}
    code = answered.error_code
    return HttpAnswer(200 if code is None else http_status(code, modern=era.modern), answered.message, headers)


async def _answer_batch(values: list[Any], sender: Sender) -> HttpAnswer:
    """A batch, which only 2025-03-26 and before have; each request in it is answered on its own."""
    if not legacy.allows_batch(sender.headers.get(modern.VERSION_HEADER)):
        raise Refused(400, JsonRpcError(INVALID_REQUEST, "Invalid request: this revision has no batches"))
    if not 0 < len(values) <= BATCH_MAX:
        raise Refused(400, JsonRpcError(INVALID_REQUEST, f"Invalid request: a batch holds 1 to {BATCH_MAX} messages"))
    answers = [found for value in values if (found := await _answer_in_batch(value, sender)) is not None]
    return HttpAnswer(200, answers) if answers else HttpAnswer(202)


async def _answer_in_batch(value: Any, sender: Sender) -> dict[str, Any] | None:
    try:
        message = read_message(value)
        if not isinstance(message, Request):
            return None
        era = eras.select(message.method, message.params, sender.headers)
        if message.method == "initialize" or era.modern:
            raise JsonRpcError(INVALID_REQUEST, "Invalid request: this cannot be part of a batch")
    except JsonRpcError as error:
        return error_message(id_of(value), error)
    return (await answer(message, era, _with_session(sender, message), live_catalog)).message


def _with_session(sender: Sender, message: Request) -> Sender:
    session_id = sender.headers.get(SESSION_HEADER)
    if session_id is None or message.method == "initialize":
        return sender
    try:
        return Sender(sender.headers, sender.caller, resume(session_id), sender.trace_id)
    except UnknownSession:
        error = JsonRpcError(INVALID_REQUEST, "Unknown session: send initialize again")
        raise Refused(404, error, message.id) from None


def _initialized(message: Request, answered: Answer) -> bool:
    return message.method == "initialize" and "protocolVersion" in answered.message.get("result", {})


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise JsonRpcError(INVALID_REQUEST, "The request was cut off")
        body += event.get("body", b"")
        if len(body) > settings.MCP_MAX_BODY_BYTES:
            message = f"The request is larger than {settings.MCP_MAX_BODY_BYTES:,} bytes"
            raise Refused(413, JsonRpcError(INVALID_PARAMS, message))
        if not event.get("more_body"):
            return bytes(body)


async def _send(send: Send, found: HttpAnswer) -> None:
    body = b"" if found.body is None else encode(found.body)
    headers = {"content-length": str(len(body)), "x-content-type-options": "nosniff", **found.headers}
    if body:
        headers["content-type"] = "application/json"
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": found.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
