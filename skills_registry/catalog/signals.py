"""The one message that goes back from the registry to the gateway."""

from __future__ import annotations

from django.dispatch import Signal

catalog_changed = Signal()
"""Sent after a commit that changed what is live; a hint only, the generation is the truth.

Provides: generation (int).
"""
