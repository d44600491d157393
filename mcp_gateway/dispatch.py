"""Turns one JSON-RPC request into one JSON-RPC response."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from invocations.resilience import deadline

from . import methods
from .cached_settings import settings
from .call import Call, Method, Outbox
from .catalog import LiveCatalog, Snapshot
from .failures import Failure, failure_of
from .recording import record_call
from .sender import Sender
from .server_info import SERVER_INFO
from .wire.eras import Era, modern
from .wire.jsonrpc import METHOD_NOT_FOUND, JsonRpcError, Request, error_message, result_message
from .wire.params import check_params

_EMPTY_SNAPSHOT = Snapshot()
"""Stands in for requests that fail before they reach the catalog."""


class Answer(NamedTuple):
    """The response message, and the failure if the request failed."""

    message: dict[str, Any]
    failure: Failure | None = None


async def answer(
    request: Request, era: Era, sender: Sender, catalog: LiveCatalog, outbox: Outbox | None = None
) -> Answer:
    """Answer a request, and record it if it invokes a skill. Never raises."""
    started = time.perf_counter()
    snapshot = _EMPTY_SNAPSHOT
    failure: Failure | None = None
    result: dict[str, Any] = {}
    try:
        if era.modern:
            modern.check_request(request.method, request.params, sender.headers)
        with deadline.within(settings.MCP_DEADLINE_SECONDS):
            snapshot = (await catalog.snapshot()).visible_to(sender.caller.audience)
            method = _method(request.method, era, snapshot)
            check_params(request.method, era.version, request.params)
            result = await method(Call(era, request.id, request.params, snapshot, catalog, sender, outbox))
    except Exception as exception:  # noqa: BLE001  # `failure_of` logs unexpected exceptions
        failure = failure_of(exception, request.method)
    failed_with = failure.logged if failure else _tool_error(result)
    record_call(request, era, sender, snapshot=snapshot, started=started, failure=failed_with)
    if failure is not None:
        return Answer(error_message(request.id, failure.error), failure)
    if era.modern:
        caching = _caching(sender) if request.method in modern.CACHEABLE else None
        result = modern.complete_result(result, SERVER_INFO, caching)
    return Answer(result_message(request.id, result))


def _method(name: str, era: Era, snapshot: Snapshot) -> Method:
    method = methods.find(name, era, snapshot.offers)
    if method is None:
        raise JsonRpcError(METHOD_NOT_FOUND, f"Method not found: {name:.100}")
    return method


def _tool_error(result: dict[str, Any]) -> str:
    """Return the message of a tool error; "" for a success."""
    if not result.get("isError"):
        return ""
    return next((str(item["text"]) for item in result["content"] if item["type"] == "text"), "the tool failed")


def _caching(sender: Sender) -> modern.Caching:
    """Return the caching hints: private if the response depends on the caller, so that shared caches don't leak it."""
    private = settings.MCP_REQUIRE_AUTH or sender.caller.audience.restricted
    return modern.Caching(settings.MCP_TTL_MS, "private" if private else "public")
