"""The signal by which the registry notifies the gateway."""

from __future__ import annotations

from django.dispatch import Signal

catalog_changed = Signal()
"""Sent when a change can be read from the catalog; only a hint to compare generations."""
