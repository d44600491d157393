"""The contents of a package, as shown for uploads and versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.utils.translation import ngettext

from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.rendering.file_tree import tree_rows

from .comparison_source import Side
from .package_texts import render_document

FIELDS_MAX = 200
"""Maximum number of frontmatter fields shown."""


def contents_context(side: Side, frontmatter: Mapping[str, Any], body: str) -> dict[str, Any]:
    """The context of `_contents.html`: the file tree, the frontmatter fields, the rendered body."""
    return {
        "rows": tree_rows(side.files),
        "frontmatter": frontmatter_fields(frontmatter),
        "rendered": render_document(side, SKILL_MD, body),
    }


def frontmatter_fields(frontmatter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The names and values of the first FIELDS_MAX frontmatter fields as text."""
    shown = [(key, _field_text(value)) for key, value in islice(frontmatter.items(), FIELDS_MAX)]
    left_out = len(frontmatter) - len(shown)
    return (
        [*shown, ("…", ngettext("%(count)s more", "%(count)s more", left_out) % {"count": left_out})]
        if left_out
        else shown
    )


def _field_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
