"""Refusals of callers, worded as OAuth clients expect them (RFC 6750, RFC 9728, MCP's basic/authorization)."""

from __future__ import annotations

from django.conf import settings

from mcp_gateway.models import Scope

METADATA_PATH = "/.well-known/oauth-protected-resource"
RESOURCE_PATH = "/mcp"


class AccessRefused(Exception):
    """A caller who is not let in: HTTP status, the reason, and headers that say what would be accepted."""

    status = 401

    def __init__(self, message: str, **headers: str) -> None:
        super().__init__(message)
        self.headers = headers


class TokenMissing(AccessRefused):
    """401: a token is required, and there is none; the challenge names no error then (RFC 6750, 3.1)."""

    def __init__(self) -> None:
        super().__init__("An access token is required: Authorization: Bearer <token>", www_authenticate=challenge())


class InvalidToken(AccessRefused):
    """401: a token that is not valid (any more)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, www_authenticate=challenge("invalid_token", message))


class InvalidTokenRequest(AccessRefused):
    """400: a token that is not where or how it must be."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message, www_authenticate=challenge("invalid_request", message))


class InsufficientScope(AccessRefused):
    """403: a valid token without the scope that is needed, or whose owner may not do what it is shown for."""

    status = 403

    def __init__(self, message: str) -> None:
        super().__init__(message, www_authenticate=challenge("insufficient_scope", message))


class CannotTell(AccessRefused):
    """503: whoever knows about the token does not answer."""

    status = 503

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=str(retry_after))


class TooManyFailures(AccessRefused):
    """429: too many tokens from the same address were not valid."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=str(retry_after))


def challenge(error: str = "", description: str = "") -> str:
    """The value of `WWW-Authenticate`: where to learn more, the scope to ask for, what is wrong."""
    parameters = {
        "error": error,
        "error_description": description,
        "scope": read_scope(),
        "resource_metadata": f"{settings.PUBLIC_URL}{METADATA_PATH}{RESOURCE_PATH}",
    }
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value)


def resource() -> str:
    """The gateway's canonical address, which is what tokens of an issuer must be meant for (RFC 8707)."""
    return f"{settings.PUBLIC_URL}{RESOURCE_PATH}"


def lacks_scope() -> str:
    """What a token without the scope is told."""
    return f"The access token lacks the scope {read_scope()}"


def read_scope() -> str:
    """The scope that the gateway asks for, as a client has to request it."""
    return f"{settings.MCP_JWT_SCOPE_PREFIX}{Scope.READ}"
