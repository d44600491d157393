"""Authentication: who is calling, and which skills they may see."""

from __future__ import annotations

from mcp_gateway.signals import tokens_changed

from .caller import ANONYMOUS, Caller
from .challenge import AccessRefused
from .identity import bearer_token, identify
from .tokens import TOKEN_PREFIX, allowed_owners, create_token, find_token, revoke_token

__all__ = [
    "ANONYMOUS",
    "TOKEN_PREFIX",
    "AccessRefused",
    "Caller",
    "allowed_owners",
    "bearer_token",
    "create_token",
    "find_token",
    "identify",
    "revoke_token",
    "tokens_changed",
]
