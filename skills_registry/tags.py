"""Normalize and validate tags. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from .packages.paths import first_few
from .packages.problems import Params, Refusal

TAG_MAX = 32
TAGS_MAX = 20
_ALLOWED_PUNCTUATION = "-_.+#"


class InvalidTags(Refusal):
    """Some tags are invalid, or there are too many."""


def normalize_tags(given: Iterable[str]) -> list[str]:
    """Normalize tags for storage: lower case, without duplicates, sorted.

    A tag is one word of letters, digits and `- _ . + #`, in any script. Raises InvalidTags.
    """
    tags = sorted({normalize_tag(tag) for tag in given})
    invalid = [tag for tag in tags if not is_valid_tag(tag)]
    if invalid:
        allowed: Params = {"limit": TAG_MAX, "others": " ".join(_ALLOWED_PUNCTUATION)}
        raise InvalidTags("tags-invalid", {**allowed, "tags": first_few(invalid), "count": len(invalid)})
    if len(tags) > TAGS_MAX:
        raise InvalidTags("too-many-tags", {"count": len(tags), "limit": TAGS_MAX})
    return tags


def declared_tags(frontmatter: Mapping[str, Any]) -> list[str]:
    """The valid tags in the frontmatter's `metadata.tags` (a string or a list), at most TAGS_MAX."""
    metadata = frontmatter.get("metadata")
    declared = metadata.get("tags", "") if isinstance(metadata, Mapping) else ""
    text = " ".join(map(str, declared)) if isinstance(declared, list) else str(declared)
    words = dict.fromkeys(map(normalize_tag, split_words(text)))
    return sorted([word for word in words if is_valid_tag(word)][:TAGS_MAX])


def split_words(text: str) -> list[str]:
    """Split a text at spaces and commas."""
    return text.replace(",", " ").split()


def normalize_tag(tag: str) -> str:
    """Normalize a tag for storage and comparison."""
    return unicodedata.normalize("NFC", tag.strip().lower())


def is_valid_tag(tag: str) -> bool:
    """Whether a normalized tag is valid."""
    letters = [character for character in tag if unicodedata.category(character)[0] in "LMN"]
    others = set(tag) - set(letters) - set(_ALLOWED_PUNCTUATION)
    return bool(letters) and not others and len(tag) <= TAG_MAX
