"""The text of every refusal of tags and edits, by its code. Pure."""

from __future__ import annotations

from .text import Text
from .text import gettext_noop as _

REFUSAL_TEXTS: dict[str, Text] = {
    "tags-invalid": Text(
        _("A tag is one word of at most {limit} letters, digits and {others}; these are none: {tags}")
    ),
    "too-many-tags": Text(_("There are {count} tags; {limit} are allowed.")),
    "edits-not-an-object": Text(_("The edits are not an object of paths.")),
    "too-many-edits": Text(_("There are {count} edits; {limit} are allowed.")),
    "edit-not-unicode": Text(_("A text holds half a character; only whole ones can be stored.")),
    "edit-not-base64": Text(_("The bytes of {path} are not in base64.")),
    "edit-unknown": Text(_("The edit of {path} is none of a text, bytes, another path, or null.")),
}
