"""Warnings for frontmatter that known clients would truncate or drop. Pure."""

from __future__ import annotations

from .frontmatter import Frontmatter
from .paths import printable
from .problems import Report

TOOL_NAME_MAX = 64
TOOL_PREFIX = "mcp__skillkeeper__"
"""Prefix that Claude Code gives to tools of a server named `skillkeeper`."""
LISTED_MAX = 1536
"""Characters of `description` and `when_to_use` together that Claude Code lists for a skill."""
TOOL_DESCRIPTION_MAX = 2048
"""Characters of a tool's description that Claude Code shows; a skill's tool has both fields as its description."""


def check_client_limits(frontmatter: Frontmatter, report: Report, *, file: str) -> None:
    """Warn of a valid name or description that is too long for clients."""
    fields = (frontmatter.values.get(key) for key in ("description", "when_to_use"))
    listed = len("\n".join(text.strip() for text in fields if isinstance(text, str)))
    tool = f"{TOOL_PREFIX}{frontmatter.values.get('name')}"
    if len(tool) > TOOL_NAME_MAX:
        report.warning(
            "name-cut-by-clients",
            {
                "tool": printable(tool),
                "count": len(tool),
                "limit": TOOL_NAME_MAX,
                "name_limit": TOOL_NAME_MAX - len(TOOL_PREFIX),
            },
            file=file,
            line=frontmatter.lines.get(("name",)),
        )
    if listed > LISTED_MAX:
        report.warning(
            "description-cut-by-clients",
            {"count": listed, "limit": LISTED_MAX, "tool_limit": TOOL_DESCRIPTION_MAX},
            file=file,
            line=frontmatter.lines.get(("when_to_use",), frontmatter.lines.get(("description",))),
        )
