"""The gateway's paths."""

from __future__ import annotations

from django.urls import re_path

from .endpoint import mcp_endpoint

urlpatterns = [re_path(r"^mcp/?$", mcp_endpoint)]  # type: ignore[arg-type]  # ASGI, not a view
