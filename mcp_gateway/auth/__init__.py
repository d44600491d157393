"""Who is calling, and what there is for them."""

from __future__ import annotations

from mcp_gateway.signals import tokens_changed

from .caller import ANONYMOUS, Caller
from .challenge import AccessRefused
from .identity import bearer_token, identify
from .tokens import TOKEN_PREFIX, create_token, find_token, owners_of_tokens_by, revoke_token

__all__ = [
    "ANONYMOUS",
    "TOKEN_PREFIX",
    "AccessRefused",
    "Caller",
    "bearer_token",
    "create_token",
    "find_token",
    "identify",
    "owners_of_tokens_by",
    "revoke_token",
    "tokens_changed",
]
