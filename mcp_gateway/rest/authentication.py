"""Access tokens for DRF: authentication, and permission by scope. Loaded by settings, not by imports."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from mcp_gateway.auth import bearer_token, find_token
from mcp_gateway.auth.client_address import caller_address
from mcp_gateway.auth.identity import failures
from mcp_gateway.models import AccessToken, Scope
from mcp_gateway.ratelimit import TooMany


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the request acts as the token's owner."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the owner and the token; None without a bearer token."""
        text = bearer_token(request.headers.get("Authorization", ""))
        if text is None:
            return None
        address = caller_address(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
        try:
            with failures.attempt(address, settings.RATE_LIMIT_FAILURES, AuthenticationFailed):
                token = _find_valid_token(text)
        except TooMany as refusal:
            raise Throttled(refusal.retry_after, str(refusal)) from None
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return `WWW-Authenticate` for a 401; it has an error code only if a token was sent (RFC 6750, 3.1)."""
        has_token = bearer_token(request.headers.get("Authorization", "")) is not None
        return 'Bearer error="invalid_token"' if has_token else "Bearer"


def _find_valid_token(text: str) -> AccessToken:
    token = find_token(text)
    if token is None:
        raise AuthenticationFailed("The access token is not valid, has expired or was revoked.")
    return token


class TokenScope(BasePermission):
    """Requires `skills:read` for safe methods and `skills:write` for all others. Sessions have no scopes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise PermissionDenied if the token lacks the scope for the method."""
        needed = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        if isinstance(request.auth, AccessToken) and needed not in request.auth.scopes:
            refusal = PermissionDenied(f"The access token lacks the scope {needed}.")
            refusal.auth_header = f'Bearer error="insufficient_scope", scope="{needed}"'  # type: ignore[attr-defined]
            raise refusal
        return True
