"""Access tokens as DRF's authentication; named in the settings, imported by nobody."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from .auth import bearer_token, find_token


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the request acts as the token's owner."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The owner and the token; None where the request brings no bearer token."""
        text = bearer_token(request.headers.get("Authorization", ""))
        if text is None:
            return None
        token = find_token(text)
        if token is None:
            raise AuthenticationFailed("The access token is not valid, has expired or was revoked.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"
