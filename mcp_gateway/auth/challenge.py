"""Authentication errors, with the challenges OAuth clients expect (RFC 6750, RFC 9728, MCP basic/authorization)."""

from __future__ import annotations

from django.conf import settings

from mcp_gateway.models import Scope

METADATA_PATH = "/.well-known/oauth-protected-resource"
RESOURCE_PATH = "/mcp"


class AccessRefused(Exception):
    """Access is refused with an HTTP status, a reason, and headers that say what is required."""

    status = 401

    def __init__(self, message: str, **headers: str) -> None:
        super().__init__(message)
        self.headers = headers


class TokenMissing(AccessRefused):
    """401: a token is required but missing. The challenge then has no error code (RFC 6750, 3.1)."""

    def __init__(self) -> None:
        super().__init__("An access token is required: Authorization: Bearer <token>", www_authenticate=challenge())


class InvalidToken(AccessRefused):
    """401: the token is invalid, expired or revoked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, www_authenticate=challenge("invalid_token", message))


class InvalidTokenRequest(AccessRefused):
    """400: the token is malformed or in the wrong place."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message, www_authenticate=challenge("invalid_request", message))


class InsufficientScope(AccessRefused):
    """403: the token is valid but lacks the scope, or its owner lacks the permission."""

    status = 403

    def __init__(self, message: str) -> None:
        super().__init__(message, www_authenticate=challenge("insufficient_scope", message))


class VerificationUnavailable(AccessRefused):
    """503: the token cannot be verified, because the database or the issuer does not answer."""

    status = 503

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=str(retry_after))


class TooManyFailures(AccessRefused):
    """429: too many invalid tokens from one address."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, retry_after=str(retry_after))


def challenge(error: str = "", description: str = "") -> str:
    """Return the value of `WWW-Authenticate`: the error, the required scope, and the metadata URL."""
    parameters = {
        "error": error,
        "error_description": description,
        "scope": read_scope(),
        "resource_metadata": f"{settings.PUBLIC_URL}{METADATA_PATH}{RESOURCE_PATH}",
    }
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value)


def resource_uri() -> str:
    """Return the gateway's canonical URI, the default audience of an issuer's tokens (RFC 8707)."""
    return f"{settings.PUBLIC_URL}{RESOURCE_PATH}"


def missing_scope_message() -> str:
    """Return the error message for a token without the required scope."""
    return f"The access token lacks the scope {read_scope()}"


def read_scope() -> str:
    """Return the scope the gateway requires, with the issuer's prefix."""
    return f"{settings.MCP_JWT_SCOPE_PREFIX}{Scope.READ}"
