"""What a protocol revision knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""From the least to the most severe (RFC 5424)."""


@dataclass(frozen=True, slots=True)
class Era:
    """A revision by its date; dates compare as text."""

    version: str
    modern: bool

    @property
    def lists(self) -> str:
        """The oldest revision with lists like this one's, so that these are made once for both."""
        return min(self.version, "2025-11-25")

    @property
    def has_tool_annotations(self) -> bool:
        """Tool annotations came with 2025-03-26."""
        return self.version >= "2025-03-26"

    @property
    def has_completions(self) -> bool:
        """The capability `completions` came with 2025-03-26."""
        return self.version >= "2025-03-26"

    @property
    def has_resource_links(self) -> bool:
        """`resource_link` content came with 2025-06-18."""
        return self.version >= "2025-06-18"
