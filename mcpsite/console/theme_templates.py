"""Template loader that hides unfold's icons from screen readers, which would read the icon names aloud."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import app_directories

_READ_ALOUD = re.compile(r"<(\w+)(?=\s[^<>]*\bmaterial-symbols-outlined\b)(?![^<>]*\baria-hidden\b)")


class Loader(app_directories.Loader):
    """Loads app templates with `aria-hidden` on icons; every icon has another label."""

    def get_contents(self, origin: Origin) -> str:
        """Return the source of a template."""
        return _READ_ALOUD.sub(r'<\1 aria-hidden="true"', super().get_contents(origin))
