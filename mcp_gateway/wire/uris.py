"""`skill://` URIs (Skills extension of MCP, section "URIs"). Pure."""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import quote, unquote

SKILL_MD = "SKILL.md"
SKILL_MD_TEMPLATE = f"skill://{{skill}}/{SKILL_MD}"
FILE_TEMPLATE = "skill://{skill}/{+path}"
URI_MAX = 2000
"""Length of the longest possible URI: a name and a path (`paths.PATH_MAX_BYTES`) with every byte escaped."""
_UNESCAPED = "/-._~!$&'()*+,;=:@"
"""What RFC 3986 allows in a path besides letters and digits."""
_IN_SEGMENT = _UNESCAPED.replace("/", "")
_SKILL_MD_URI = re.compile(rf"skill://([^/%]+)/{re.escape(SKILL_MD)}")


def skill_uri(skill: str) -> str:
    """Return the URI of a skill's root, without a trailing slash."""
    return f"skill://{skill}"


def file_uri(skill: str, path: str) -> str:
    """Return the URI of a file in a skill."""
    return f"skill://{skill}/{quote(path, safe=_UNESCAPED)}"


def skill_md_uri(skill: str) -> str:
    """Return the URI of a skill's SKILL.md, which identifies the skill."""
    return file_uri(skill, SKILL_MD)


def canonical_uri(uri: str) -> str:
    """Normalize the percent-encoding (RFC 3986, 6.2.2.2) and Unicode form (NFC) of a skill URI.

    Models write file names unescaped (`references/größe.md`), and clients expand templates in different ways.
    """
    if len(uri) > URI_MAX or not uri.startswith("skill://"):
        return uri
    # By segment, because an escaped slash is part of a name, not a separator.
    segments = uri.removeprefix("skill://").split("/")
    return "skill://" + "/".join(quote(normalize("NFC", unquote(segment)), safe=_IN_SEGMENT) for segment in segments)


def directory_skill(uri: str) -> str:
    """Return the skill name in the URI of a root or folder; "" for any other URI."""
    return uri.removeprefix("skill://").partition("/")[0] if uri.startswith("skill://") else ""


def path_of(uri: str) -> str:
    """Return the unescaped path of a URI, including the skill's name."""
    return unquote(uri.removeprefix("skill://"))


def skill_of(uri: str) -> str:
    """Return the skill name in the URI of a SKILL.md; "" for any other URI."""
    match = _SKILL_MD_URI.fullmatch(uri) or _SKILL_MD_URI.fullmatch(canonical_uri(uri))
    return match[1] if match else ""
