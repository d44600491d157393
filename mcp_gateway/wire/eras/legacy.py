"""Legacy revisions (2024-11-05 to 2025-11-25), which begin with an `initialize` handshake. Pure."""

from __future__ import annotations

from typing import Any

from .era import Era

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Newest first."""
ASSUMED_VERSION = "2025-03-26"
"""The version of a request without a version header (2025-11-25: basic/transports)."""

_ERAS = {version: Era(version, modern=False) for version in VERSIONS}


def era(version: str) -> Era:
    """Return the era of a legacy version."""
    return _ERAS[version]


def negotiate(requested: Any) -> str:
    """Return the version for the answer to `initialize`: the requested one if supported, else the newest."""
    return requested if isinstance(requested, str) and requested in _ERAS else VERSIONS[0]


def has_null_id(header: str | None) -> bool:
    """Return whether errors without a request id must have `"id": null` (JSON-RPC), as before 2025-11-25.

    Without a version header the id is left out, because some clients reject null.
    """
    return header is not None and header in VERSIONS and header < "2025-11-25"


def allows_batch(header: str | None) -> bool:
    """Return whether the version has batches: up to 2025-03-26, which a missing header means, too."""
    return (header or ASSUMED_VERSION) in ("2025-03-26", "2024-11-05")
