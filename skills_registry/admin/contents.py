"""What is in a package, as the review and the page of a version show it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from skills_registry.file_tree import tree
from skills_registry.rendering import render_markdown


def contents(files: Iterable[Mapping[str, Any]], frontmatter: Mapping[str, Any], body: str) -> dict[str, Any]:
    """The context of `_contents.html`: the tree of files, the frontmatter's fields, the rendered body."""
    return {"rows": tree(files), "frontmatter": fields(frontmatter), "rendered": render_markdown(body)}


def fields(frontmatter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The frontmatter's fields as people read them."""
    return [(key, _shown(value)) for key, value in frontmatter.items()]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
