"""Features of protocol revisions. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""In order of severity, lowest first (RFC 5424)."""


@dataclass(frozen=True, slots=True)
class Era:
    """A protocol revision. `version` is its date and compares as text."""

    version: str
    modern: bool

    @property
    def lists(self) -> str:
        """Cache key for lists: the oldest revision with the same list format."""
        return min(self.version, "2025-11-25")

    @property
    def has_tool_annotations(self) -> bool:
        """Since 2025-03-26."""
        return self.version >= "2025-03-26"

    @property
    def has_completions(self) -> bool:
        """Since 2025-03-26 (the capability `completions`)."""
        return self.version >= "2025-03-26"

    @property
    def has_resource_links(self) -> bool:
        """Since 2025-06-18 (content of type `resource_link`)."""
        return self.version >= "2025-06-18"
