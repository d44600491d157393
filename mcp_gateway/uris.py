"""`skill://` URIs (Skills extension of MCP, section "URIs"). Pure."""

from __future__ import annotations

from urllib.parse import quote

SKILL_MD = "SKILL.md"
_UNESCAPED = "/-._~!$&'()*+,;=:@"
"""What RFC 3986 allows in a path besides letters and digits."""


def skill_uri(skill: str) -> str:
    """A skill's root, without a slash at the end."""
    return f"skill://{skill}"


def file_uri(skill: str, path: str) -> str:
    """The URI of a file of a skill."""
    return f"skill://{skill}/{quote(path, safe=_UNESCAPED)}"


def skill_md_uri(skill: str) -> str:
    """The URI by which a skill is listed and got."""
    return file_uri(skill, SKILL_MD)


def skill_of(uri: str) -> str:
    """The name of the skill whose SKILL.md a URI names, and "" for any other URI."""
    root = uri.removeprefix("skill://").removesuffix(f"/{SKILL_MD}")
    is_skill_md = uri.startswith("skill://") and uri.endswith(f"/{SKILL_MD}")
    return root.rpartition("/")[2] if is_skill_md else ""
