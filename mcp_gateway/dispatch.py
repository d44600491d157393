"""One JSON-RPC request -> one JSON-RPC answer: the only place where failures become error objects."""

from __future__ import annotations

import logging
import time
from typing import Any, NamedTuple

from invocations import deadline

from . import methods
from .call import Call, Method, Outbox
from .catalog import CatalogUnavailable, LiveCatalog, Snapshot
from .eras import Era, modern
from .jsonrpc import (
    INTERNAL_ERROR,
    METHOD_NOT_FOUND,
    JsonRpcError,
    Request,
    Unavailable,
    error_message,
    result_message,
)
from .params import check_params
from .recording import record_call
from .remembered_settings import settings
from .sender import Sender
from .server_info import SERVER_INFO

log = logging.getLogger(__name__)

_NOTHING = Snapshot()
"""What requests are answered from that fail before the catalog is looked at."""


RETRY_SECONDS = 5
"""When to try again while a store is away: it is looked for more often than that."""


class Answer(NamedTuple):
    """The message to send back; `error_code` chooses the HTTP status, None stands for success.

    `retry_after`: seconds, where a store is away and the request may succeed later. `unavailable`: nothing can be
    answered, since there is no catalog.
    """

    message: dict[str, Any]
    error_code: int | None = None
    retry_after: int | None = None
    unavailable: bool = False


async def answer(
    request: Request, era: Era, sender: Sender, catalog: LiveCatalog, outbox: Outbox | None = None
) -> Answer:
    """Answer a request, whatever happens, and record it if it is a call of a skill.

    What is not meant for the caller goes to the log alone.
    """
    started = time.perf_counter()
    snapshot = _NOTHING
    error: JsonRpcError | None = None
    unavailable = False
    result: dict[str, Any] = {}
    try:
        if era.modern:
            modern.check(request.method, request.params, sender.headers)
        with deadline.within(settings.MCP_DEADLINE_SECONDS):
            snapshot = (await catalog.snapshot()).visible_to(sender.caller.audience)
            method = _method(request.method, era, snapshot)
            check_params(request.method, era.version, request.params)
            result = await method(Call(era, request.id, request.params, snapshot, catalog, sender, outbox))
        failure = _tool_error(result)
    except JsonRpcError as refusal:
        error, failure = refusal, refusal.message
    except CatalogUnavailable:
        unavailable = True
        error = Unavailable("the catalog cannot be read", RETRY_SECONDS)
        failure = error.message
    except OSError as exception:
        log.warning("%r failed, since a store does not answer: %r", request.method, exception)
        error, failure = Unavailable("the files cannot be read at the moment", RETRY_SECONDS), repr(exception)
    except Exception as exception:
        log.exception("%r failed", request.method)
        error, failure = JsonRpcError(INTERNAL_ERROR, "Internal error"), repr(exception)
    record_call(request, era, sender, snapshot=snapshot, started=started, failure=failure)
    if error is not None:
        retry_after = error.retry_after if isinstance(error, Unavailable) else None
        return Answer(error_message(request.id, error), error.code, retry_after, unavailable)
    if era.modern:
        caching = _caching(sender) if request.method in modern.CACHEABLE else None
        result = modern.complete(result, SERVER_INFO, caching)
    return Answer(result_message(request.id, result))


def _method(name: str, era: Era, snapshot: Snapshot) -> Method:
    method = methods.find(name, era, snapshot.offers)
    if method is None:
        raise JsonRpcError(METHOD_NOT_FOUND, f"Method not found: {name:.100}")
    return method


def _tool_error(result: dict[str, Any]) -> str:
    """What a tool says of its failure, "" where it did not fail."""
    if not result.get("isError"):
        return ""
    return next((str(item["text"]) for item in result["content"] if item["type"] == "text"), "the tool failed")


def _caching(sender: Sender) -> modern.Caching:
    """Private as soon as the answer depends on who asks: others must not be given it from a cache."""
    private = settings.MCP_REQUIRE_AUTH or sender.caller.audience.restricted
    return modern.Caching(settings.MCP_TTL_MS, "private" if private else "public")
