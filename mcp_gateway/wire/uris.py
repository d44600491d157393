"""`skill://` URIs (Skills extension of MCP, section "URIs"). Pure."""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import quote, unquote

SKILL_MD = "SKILL.md"
SKILL_MD_TEMPLATE = f"skill://{{skill}}/{SKILL_MD}"
FILE_TEMPLATE = "skill://{skill}/{+path}"
URI_MAX = 2000
"""Characters of the longest URI there can be: a name and a path (`paths.PATH_MAX_BYTES`) with every byte escaped."""
_UNESCAPED = "/-._~!$&'()*+,;=:@"
"""What RFC 3986 allows in a path besides letters and digits."""
_IN_SEGMENT = _UNESCAPED.replace("/", "")
_SKILL_MD_URI = re.compile(rf"skill://([^/%]+)/{re.escape(SKILL_MD)}")


def skill_uri(skill: str) -> str:
    """A skill's root, without a slash at the end."""
    return f"skill://{skill}"


def file_uri(skill: str, path: str) -> str:
    """The URI of a file of a skill."""
    return f"skill://{skill}/{quote(path, safe=_UNESCAPED)}"


def skill_md_uri(skill: str) -> str:
    """The URI by which a skill is listed and got."""
    return file_uri(skill, SKILL_MD)


def canonical(uri: str) -> str:
    """One form for all URIs of a file or folder of a skill, however they are escaped (RFC 3986, 6.2.2.2) and composed.

    Models write names as a text has them, `references/größe.md`; clients expand templates in their own ways; and an
    accent that belongs to a letter in one Unicode form is a character of its own in another.
    """
    if len(uri) > URI_MAX or not uri.startswith("skill://"):
        return uri
    # Segment by segment: an escaped slash is part of a name and separates nothing.
    segments = uri.removeprefix("skill://").split("/")
    return "skill://" + "/".join(quote(normalize("NFC", unquote(segment)), safe=_IN_SEGMENT) for segment in segments)


def directory_skill(uri: str) -> str:
    """The name of the skill whose root, or a folder in it, a URI may name; "" for any other URI."""
    return uri.removeprefix("skill://").partition("/")[0] if uri.startswith("skill://") else ""


def path_of(uri: str) -> str:
    """What a URI names, from the skill's name on, in plain characters."""
    return unquote(uri.removeprefix("skill://"))


def skill_of(uri: str) -> str:
    """The name of the skill whose SKILL.md a URI names, and "" for any other URI."""
    match = _SKILL_MD_URI.fullmatch(uri) or _SKILL_MD_URI.fullmatch(canonical(uri))
    return match[1] if match else ""
