"""Who is calling, and what there is for them."""

from __future__ import annotations

from .caller import ANONYMOUS, Caller
from .identity import Unauthorized, bearer_token, identify
from .tokens import TOKEN_PREFIX, create_token, find_token, revoke_token

__all__ = [
    "ANONYMOUS",
    "TOKEN_PREFIX",
    "Caller",
    "Unauthorized",
    "bearer_token",
    "create_token",
    "find_token",
    "identify",
    "revoke_token",
]
