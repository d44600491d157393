"""Word that tokens are no longer what they were."""

from __future__ import annotations

from django.dispatch import Signal

tokens_changed = Signal()
"""A token was revoked; sent after the transaction, without arguments."""
