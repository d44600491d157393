"""One JSON-RPC request -> one JSON-RPC answer: the only place where failures become error objects."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from . import methods
from .auth import Caller
from .call import Call, Method
from .catalog import LiveCatalog
from .eras import Era, modern
from .jsonrpc import INTERNAL_ERROR, METHOD_NOT_FOUND, JsonRpcError, Request, error_message, result_message
from .recording import Stopwatch, record_call
from .server_info import SERVER_INFO
from .session import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of who sent a request, besides the request itself."""

    headers: Mapping[str, str]
    caller: Caller
    session: Session
    trace_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The message to send back; `error_code` chooses the HTTP status, None stands for success."""

    message: dict[str, Any]
    error_code: int | None = None


async def answer(request: Request, era: Era, sender: Sender, catalog: LiveCatalog) -> Answer:
    """Answer a request, whatever happens; what is not meant for the caller goes to the log alone."""
    try:
        result = await _result(request, era, sender, catalog)
    except JsonRpcError as error:
        return Answer(error_message(request.id, error), error.code)
    return Answer(result_message(request.id, result))


async def _result(request: Request, era: Era, sender: Sender, catalog: LiveCatalog) -> dict[str, Any]:
    if era.modern:
        modern.check(request.method, request.params, sender.headers)
    method = methods.find(request.method, era)
    if method is None:
        raise JsonRpcError(METHOD_NOT_FOUND, f"Method not found: {request.method}")
    result = await _recorded(method, request, era, sender, catalog)
    return modern.complete(request.method, result, SERVER_INFO, _caching()) if era.modern else result


async def _recorded(method: Method, request: Request, era: Era, sender: Sender, catalog: LiveCatalog) -> dict[str, Any]:
    started = Stopwatch.start()
    error: JsonRpcError | None = None
    result: dict[str, Any] = {}
    try:
        snapshot = await catalog.snapshot()
    except Exception:
        log.exception("the catalog cannot be read")
        raise JsonRpcError(INTERNAL_ERROR, "Internal error: the catalog cannot be read") from None
    call = Call(era, request.method, request.params, snapshot, catalog, sender.caller, sender.session)
    try:
        result = await method(call)
    except JsonRpcError as failure:
        error = failure
    except Exception:  # the boundary: internals are logged, never sent
        log.exception("%s failed", request.method)
        error = JsonRpcError(INTERNAL_ERROR, "Internal error")
    record_call(call, started, sender.trace_id, error=error, result=result)
    if error is not None:
        raise error
    return result


def _caching() -> modern.Caching:
    return modern.Caching(settings.MCP_TTL_MS, "private" if settings.MCP_REQUIRE_AUTH else "public")
