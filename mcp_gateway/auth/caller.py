"""Somebody who calls the gateway, as far as authentication tells."""

from __future__ import annotations

from dataclasses import dataclass

from skills_registry.catalog import EVERYBODY, Audience


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a name for the log ("" for somebody without a token), and which skills there are for them."""

    name: str = ""
    audience: Audience = EVERYBODY


ANONYMOUS = Caller()
