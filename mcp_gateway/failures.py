"""Maps every exception a request can raise to a JSON-RPC error, an HTTP status and headers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from invocations.resilience.unavailable import StoreUnavailable

from .auth import AccessRefused
from .catalog import CatalogUnavailable
from .ratelimit import TooMany
from .streams.hub import TooManyStreams
from .wire.headers import BadHeader
from .wire.http import BadBody
from .wire.jsonrpc import INTERNAL_ERROR, INVALID_REQUEST, TOO_MANY_REQUESTS, JsonRpcError, http_status
from .wire.session import UnknownSession

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
"""`Retry-After` while a store is down; it is probed more often than that."""
STREAM_RETRY_SECONDS = 30
"""`Retry-After` for a refused stream; open streams last long."""

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_CODES = {429: TOO_MANY_REQUESTS, 503: INTERNAL_ERROR}
"""Error code of an AccessRefused by HTTP status; INVALID_REQUEST for the others."""


class Failure(NamedTuple):
    """The error for the client, and the text for the invocation log."""

    error: JsonRpcError
    logged: str
    status: int | None = None
    """HTTP status in both eras; None if it depends on the error code and the era."""
    headers: Mapping[str, str] = _NO_HEADERS

    def http_status(self, *, modern: bool) -> int:
        """Return the HTTP status. Before 2026-07-28, a failed method is answered with 200."""
        if self.status is not None:
            return self.status
        return 503 if modern and "retry-after" in self.headers else http_status(self.error.code, modern=modern)


def failure_of(exception: Exception, method: str = "") -> Failure:
    """Return the failure for an exception. Internal details go to the log, never to the client."""
    if isinstance(exception, JsonRpcError):
        return Failure(exception, exception.message)
    failure = _refusal_failure(exception) or _outage_failure(exception, method)
    if failure is None:
        log.error("%r failed", method, exc_info=exception)
        failure = Failure(JsonRpcError(INTERNAL_ERROR, "Internal error"), repr(exception))
    return failure


def _refusal_failure(exception: Exception) -> Failure | None:
    """Return the failure of a request refused before a method was called."""
    match exception:
        case BadHeader() | BadBody():
            return _refused_failure(exception.status, INVALID_REQUEST, exception, exception.headers)
        case AccessRefused():
            code = _CODES.get(exception.status, INVALID_REQUEST)
            return _refused_failure(exception.status, code, exception, exception.headers)
        case UnknownSession():
            return _refused_failure(404, INVALID_REQUEST, "Unknown session: send initialize again")
        case TooMany():
            return _too_many_failure(exception, exception.retry_after)
        case TooManyStreams():
            return _too_many_failure(exception, STREAM_RETRY_SECONDS)
    return None


def _outage_failure(exception: Exception, method: str) -> Failure | None:
    """Return the failure of a request that needs a store that is down."""
    if isinstance(exception, CatalogUnavailable):
        return _unavailable_failure("the catalog cannot be read", 503)
    if isinstance(exception, StoreUnavailable):
        log.warning("%r failed: the store does not answer: %r", method, exception)
        return _unavailable_failure("the files cannot be read at the moment")._replace(logged=repr(exception))
    return None


def _refused_failure(status: int, code: int, why: object, headers: Mapping[str, str] = _NO_HEADERS) -> Failure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Failure(JsonRpcError(code, str(why)), str(why), status, named)


def _too_many_failure(why: Exception, retry_after: int) -> Failure:
    error = JsonRpcError(TOO_MANY_REQUESTS, str(why), {"retryAfter": retry_after})
    return Failure(error, str(why), 429, {"retry-after": str(retry_after)})


def _unavailable_failure(what: str, status: int | None = None) -> Failure:
    error = JsonRpcError(INTERNAL_ERROR, f"Internal error: {what}; try again", {"retryAfter": RETRY_SECONDS})
    return Failure(error, error.message, status, {"retry-after": str(RETRY_SECONDS)})
