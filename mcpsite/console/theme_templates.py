"""unfold's templates, with its icons hidden from screen readers, which would read their names aloud."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import app_directories

_READ_ALOUD = re.compile(r"<(\w+)(?=\s[^<>]*\bmaterial-symbols-outlined\b)(?![^<>]*\baria-hidden\b)")


class Loader(app_directories.Loader):
    """Reads the templates of the applications; whatever has an icon says in another way what it is."""

    def get_contents(self, origin: Origin) -> str:
        """The source of a template."""
        return _READ_ALOUD.sub(r'<\1 aria-hidden="true"', super().get_contents(origin))
