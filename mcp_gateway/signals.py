"""Word that tokens, or resources of providers, are no longer what they were."""

from __future__ import annotations

from django.dispatch import Signal

tokens_changed = Signal()
"""A token, or what its owner may do, was changed; sent after the transaction. `revoked` is the `caller_key` of a token
that is no longer valid, "" (or left out) where callers only have to be asked for again."""

resource_updated = Signal()
"""A provider's resource has other content; sent with its `uri`."""
