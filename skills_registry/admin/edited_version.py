"""Apply edits to a version to inspect and compare the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.findings.inspection import Inspection
from skills_registry.media_types import decode_text
from skills_registry.models import SkillVersion
from skills_registry.packages.agent_view import AgentView
from skills_registry.packages.edits import Edit, resolve
from skills_registry.packages.package import Package
from skills_registry.packages.problems import Problem

from .comparison import comparison_context
from .comparison_source import Side, version_side
from .pages import OperatorRequest

EDITABLE_MAX = 1024 * 1024
"""Maximum size in bytes of a text that can be edited in the browser."""


def editable_text(side: Side, path: str) -> str | None:
    """The text of a file; None if it does not exist, is not text, or is too large."""
    file = side.file(path)
    if file is None or file["size"] > EDITABLE_MAX:
        return None
    return decode_text(side.content(path))


def resolve_changes(base: SkillVersion, edits: Mapping[str, Edit]) -> dict[str, bytes | None]:
    """The changes for `services.edit_version`. Raises Http404 for a source that is not in the version."""
    return resolve(edits, version_side(base).content)


def inspect_edits(base: SkillVersion, edits: Mapping[str, Edit]) -> Inspection:
    """Inspect the package that saving the edits would create."""
    try:
        return services.inspect_edit(base, resolve_changes(base, edits))
    except (services.Conflict, services.StoreFailed) as failure:
        return Inspection(None, (Problem("conflict", {"reason": str(failure)}),))


def edit_comparison_context(request: OperatorRequest, base: SkillVersion, package: Package) -> dict[str, Any]:
    """The context that compares a version with the edited package."""
    contents = {file.path: file.content for file in package.files}
    files = [file.as_dict() for file in package.files]
    view = AgentView.of(package.manifest.frontmatter, files)
    after = Side(_("with your changes"), files, view, contents.__getitem__, lambda path: "", lambda path: "")
    return comparison_context(request, version_side(base), after, "")
