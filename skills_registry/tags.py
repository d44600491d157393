"""What a tag may look like. Pure."""

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
    """Tags that cannot be kept."""


def normalize_tags(given: Iterable[str]) -> list[str]:
    """Tags as they are kept: in lower case, each once, in order.

    A tag is one word of letters, digits and `- _ . + #`, in any script. Raises InvalidTags.
    """
    tags = sorted({normalize_tag(tag) for tag in given})
    wrong = [tag for tag in tags if not is_valid_tag(tag)]
    if wrong:
        allowed: Params = {"limit": TAG_MAX, "others": " ".join(_ALLOWED_PUNCTUATION)}
        raise InvalidTags("tags-invalid", {**allowed, "tags": first_few(wrong), "count": len(wrong)})
    if len(tags) > TAGS_MAX:
        raise InvalidTags("too-many-tags", {"count": len(tags), "limit": TAGS_MAX})
    return tags


def declared_tags(frontmatter: Mapping[str, Any]) -> list[str]:
    """The words of the frontmatter's `metadata.tags` (a text or a list) that can be tags, the first 20 of them."""
    metadata = frontmatter.get("metadata")
    named = metadata.get("tags", "") if isinstance(metadata, Mapping) else ""
    text = " ".join(map(str, named)) if isinstance(named, list) else str(named)
    words = dict.fromkeys(map(normalize_tag, split_words(text)))
    return sorted([word for word in words if is_valid_tag(word)][:TAGS_MAX])


def split_words(text: str) -> list[str]:
    """The words of a text, which spaces or commas separate."""
    return text.replace(",", " ").split()


def normalize_tag(tag: str) -> str:
    """A tag in the form that it is kept and compared in."""
    return unicodedata.normalize("NFC", tag.strip().lower())


def is_valid_tag(tag: str) -> bool:
    """Whether this, in its normal form, can be a tag."""
    spoken = [character for character in tag if unicodedata.category(character)[0] in "LMN"]
    others = set(tag) - set(spoken) - set(_ALLOWED_PUNCTUATION)
    return bool(spoken) and not others and len(tag) <= TAG_MAX
