"""How often somebody may call, how many requests of theirs may run at once, and how often they may fail to log in.

Own code, since the libraries count requests alone: none holds the number of running requests beside
the rate, and so both in one round trip to Redis.
"""

from __future__ import annotations

from .failures import Failures
from .limiter import Limiter
from .rules import Limits, Place, TooMany

__all__ = ["Failures", "Limiter", "Limits", "Place", "TooMany"]
