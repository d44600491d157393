"""Texts of findings by code: why a reviewer should look at them. Pure."""

from __future__ import annotations

from .text import Text
from .text import gettext_noop as _

FINDING_TEXTS: dict[str, Text] = {
    "dynamic-command": Text(
        _("Some clients run this command on the user's machine before the model sees the text; this server never does.")
    ),
    "private-key": Text(_("A private key in a package is readable by everyone who can read the skill.")),
    "access-key": Text(
        _("This looks like a service credential. Everyone who can read the skill can read its package.")
    ),
    "hidden-text": Text(
        _("Invisible or direction-reversing characters can hide instructions from a reviewer that a model will read.")
    ),
    "more-findings": Text(_("Only the first {limit} findings are listed. So many are unlikely to be an accident.")),
}
