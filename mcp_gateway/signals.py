"""Word that tokens, or resources of providers, are no longer what they were."""

from __future__ import annotations

from django.dispatch import Signal

tokens_changed = Signal()
"""A token was revoked; sent after the transaction, with its `caller_key` as `revoked`."""

resource_updated = Signal()
"""A provider's resource has other content; sent with its `uri`."""
