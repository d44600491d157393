"""The product's settings, and what the official suite asks a server to offer besides."""

from __future__ import annotations

from mcpsite.settings import *  # noqa: F403

MCP_PROVIDERS = ["tests.conformance.offers.offers"]
