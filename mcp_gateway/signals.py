"""Signals about changed tokens and updated provider resources."""

from __future__ import annotations

from django.dispatch import Signal

tokens_changed = Signal()
"""A token or its owner's permissions changed; sent after the transaction. `revoked` is the `caller_key` of a revoked
token; "" or left out, all cached callers must be verified again."""

resource_updated = Signal()
"""A provider's resource has new content; sent with its `uri`."""
