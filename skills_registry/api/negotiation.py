"""Content negotiation for downloads."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class IgnoreAccept(BaseContentNegotiation):
    """Ignore `Accept`: the path selects the format of a download, and errors are always JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Select the first renderer, which is used for errors only."""
        return renderers[0], renderers[0].media_type
