"""The one message that goes back from the registry to the gateway."""

from __future__ import annotations

from django.dispatch import Signal

catalog_changed = Signal()
"""Sent once a change of what is live can be read from the catalog; a hint only, the generation is the truth."""
