"""Message extraction and catalogs, without GNU gettext.

`python -m tests.support.translations` updates the catalogs: new texts are added untranslated,
obsolete ones are removed, and each catalog is compiled.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import templatize

from .server import ROOT

APPS = ["invocations", "mcp_gateway", "mcpsite", "skills_registry"]
LANGUAGE = "zh_Hans"
FOLDER = ROOT / "locale" / LANGUAGE / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def sources() -> Catalog:
    """Return every marked text, with its context and plural."""
    catalog = Catalog(locale=LANGUAGE, charset="utf-8", fuzzy=False)
    for path, how, text in _texts():
        for line, message, comments, context in extract(how, text, KEYWORDS):
            catalog.add(message, locations=[(path, line)], auto_comments=comments, context=context)
    return catalog


def _texts() -> Iterator[tuple[str, str, IO[bytes]]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield str(path.relative_to(ROOT)), "python", io.BytesIO(path.read_bytes())
    for path in sorted((ROOT / "templates").rglob("*.html")):
        # Django's templatize output looks like code with gettext calls, but is not valid code.
        marked = templatize(path.read_text(), origin=str(path))
        yield str(path.relative_to(ROOT)), "javascript", io.BytesIO(marked.encode())


def translated(path: Path = PO) -> Catalog:
    """Read the catalog in the repository."""
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def compiled(catalog: Catalog) -> bytes:
    """Compile a catalog to .mo."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def update() -> int:
    """Update the catalog; return the number of untranslated texts."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    catalog = translated() if PO.exists() else Catalog(locale=LANGUAGE, charset="utf-8", fuzzy=False)
    catalog.update(sources(), no_fuzzy_matching=True)
    catalog.project, catalog.version, catalog.header_comment = "Skillkeeper", "", "# Simplified Chinese; see README.md."
    with PO.open("wb") as file:
        write_po(file, catalog, width=0, no_location=True, ignore_obsolete=True, sort_output=True)
    MO.write_bytes(compiled(translated()))
    return sum(1 for message in translated() if message.id and not message.string)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    sys.exit(f"{waiting} texts wait for their translation" if (waiting := update()) else 0)
