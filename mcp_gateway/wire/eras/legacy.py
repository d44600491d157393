"""Revisions with the initialize handshake, up to 2025-11-25. Pure."""

from __future__ import annotations

from typing import Any

from .era import Era

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Newest first."""
ASSUMED_VERSION = "2025-03-26"
"""Of a request without version header (2025-11-25: basic/transports)."""

_ERAS = {version: Era(version, modern=False) for version in VERSIONS}


def era(version: str) -> Era:
    """The era of a legacy version."""
    return _ERAS[version]


def negotiate(requested: Any) -> str:
    """The version to answer `initialize` with: the requested one if it is legacy, else the newest that is."""
    return requested if isinstance(requested, str) and requested in _ERAS else VERSIONS[0]


def has_null_id(header: str | None) -> bool:
    """Whether errors without a request's id must have an `id` all the same, which JSON-RPC says is null then.

    From 2025-11-25 on it is left out. Who names no revision gets no null either, which some clients refuse.
    """
    return header is not None and header in VERSIONS and header < "2025-11-25"


def allows_batch(header: str | None) -> bool:
    """Batches were part of 2025-03-26 and before, which is also what a missing header means."""
    return (header or ASSUMED_VERSION) in ("2025-03-26", "2024-11-05")
