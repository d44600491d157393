"""Limits per caller: requests per minute, concurrent requests, and failed authentications.

Not a library, because none limits rate and concurrency in one round trip to Redis.
"""

from __future__ import annotations

from .failures import Failures
from .limiter import Limiter
from .rules import Limits, Slot, TooMany

__all__ = ["Failures", "Limiter", "Limits", "Slot", "TooMany"]
