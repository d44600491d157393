"""What a client is told of each way in which a request can fail, in both eras."""

from __future__ import annotations

import pytest

from invocations.resilience.unavailable import StoreUnavailable
from mcp_gateway.auth.challenge import InsufficientScope, InvalidToken, InvalidTokenRequest, VerificationUnavailable
from mcp_gateway.catalog import CatalogUnavailable
from mcp_gateway.failures import failure_of
from mcp_gateway.ratelimit import TooMany
from mcp_gateway.streams.hub import TooManyStreams
from mcp_gateway.wire.headers import BadHeader
from mcp_gateway.wire.http import BadBody
from mcp_gateway.wire.jsonrpc import JsonRpcError
from mcp_gateway.wire.session import UnknownSession


@pytest.mark.parametrize(
    ("exception", "code", "legacy", "modern", "retry_after"),
    [
        (JsonRpcError(-32602, "wrong"), -32602, 200, 400, None),
        (JsonRpcError(-32601, "unknown"), -32601, 200, 404, None),
        (BadHeader(406, "no"), -32600, 406, 406, None),
        (BadBody(413, "too large"), -32600, 413, 413, None),
        (InvalidToken("ended"), -32600, 401, 401, None),
        (InvalidTokenRequest("twice"), -32600, 400, 400, None),
        (InsufficientScope("not this"), -32600, 403, 403, None),
        (VerificationUnavailable("away", retry_after=7), -32603, 503, 503, "7"),
        (UnknownSession("forged"), -32600, 404, 404, None),
        (TooMany("slower", 3), 429, 429, 429, "3"),
        (TooManyStreams("enough"), 429, 429, 429, "30"),
        (CatalogUnavailable(), -32603, 503, 503, "5"),
        (StoreUnavailable("the bucket's address"), -32603, 200, 503, "5"),
        (KeyError("a mistake of ours"), -32603, 200, 500, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_failure_has_its_error_status_and_retry(
    exception: Exception, code: int, legacy: int, modern: int, retry_after: str | None
) -> None:
    failure = failure_of(exception, "tools/call")

    assert failure.error.code == code
    assert (failure.http_status(modern=False), failure.http_status(modern=True)) == (legacy, modern)
    assert failure.headers.get("retry-after") == retry_after


@pytest.mark.parametrize("exception", [StoreUnavailable("the bucket's address"), KeyError("a mistake of ours")])
def test_what_went_wrong_inside_is_logged_and_not_told(exception: Exception, caplog: pytest.LogCaptureFixture) -> None:
    failure = failure_of(exception, "tools/call")

    assert str(exception) not in failure.error.message
    assert str(exception) in failure.logged
    assert "'tools/call' failed" in caplog.text


def test_the_challenge_to_a_caller_goes_into_its_header() -> None:
    assert "invalid_token" in failure_of(InvalidToken("ended")).headers["www-authenticate"]
