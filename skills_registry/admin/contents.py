"""What is in a package, as the review and the page of a version show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString

from skills_registry.file_tree import tree
from skills_registry.manifest_fields import SKILL_MD
from skills_registry.rendering import Around, render_markdown

from .raw import PICTURES
from .sides import Side


def contents(side: Side, frontmatter: Mapping[str, Any], body: str) -> dict[str, Any]:
    """The context of `_contents.html`: the tree of files, the frontmatter's fields, the rendered body."""
    return {"rows": tree(side.files), "frontmatter": fields(frontmatter), "rendered": rendered(side, SKILL_MD, body)}


def rendered(side: Side, path: str, text: str) -> SafeString:
    """A Markdown file of a package: its links lead to the other files, and their pictures are shown."""
    types = {file["path"]: file["media_type"] for file in side.files}
    around = Around(
        page=lambda other: side.page(other) if other in types else None,
        picture=lambda other: side.address(other) if types.get(other) in PICTURES else None,
        folder=path.rpartition("/")[0],
    )
    return render_markdown(text, around)


def fields(frontmatter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The frontmatter's fields as people read them."""
    return [(key, _shown(value)) for key, value in frontmatter.items()]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
