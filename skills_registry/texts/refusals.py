"""Texts of refusals of tags and edits, by code. Pure."""

from __future__ import annotations

from .text import Text
from .text import gettext_noop as _

REFUSAL_TEXTS: dict[str, Text] = {
    "tags-invalid": Text(_("A tag may have at most {limit} letters, digits and {others}. Invalid tags: {tags}")),
    "too-many-tags": Text(_("There are {count} tags; {limit} are allowed.")),
    "edits-not-an-object": Text(_("The edits must be a JSON object with paths as keys.")),
    "too-many-edits": Text(_("There are {count} edits; {limit} are allowed.")),
    "edit-not-unicode": Text(_("A text contains half of a surrogate pair, which cannot be stored.")),
    "edit-not-base64": Text(_("The bytes of {path} are not in base64.")),
    "edit-unknown": Text(_("The edit of {path} must be a text, bytes, another path, or null.")),
}
