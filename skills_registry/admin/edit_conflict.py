"""The page for an edit conflict: what was merged automatically, and what the user has to choose."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.translation import gettext as _

from skills_registry.models import SkillVersion
from skills_registry.packages.edits import Edit, serialize_edits

from .edit_merge import CLASHES_MAX, SHOWN_MAX, merge_edits
from .edited_version import edit_comparison_context, inspect_edits
from .pages import OperatorRequest, page


def render_conflict_page(
    request: OperatorRequest, base: SkillVersion, newest: SkillVersion, edits: Mapping[str, Edit], note: str
) -> HttpResponse:
    """Show how the edits merge with a version that was created meanwhile. All edits are kept."""
    merge = merge_edits(base, newest, edits)
    clashes = merge.clashes
    settled = merge.apply_choices({})
    on_top = inspect_edits(newest, settled)
    context = edit_comparison_context(request, newest, on_top.package) if on_top.package and settled else {}
    response = page(
        request,
        "edit_conflict",
        _("%(version)s was created while you were editing") % {"version": newest},
        skill=base.skill,
        base=base,
        newest=newest,
        note=note,
        edits=json.dumps(serialize_edits(edits)),
        clashes=clashes if len(clashes) <= CLASHES_MAX else [],
        clash_count=len(clashes),
        mergeable=len(clashes) <= CLASHES_MAX,
        merged=merge.merged_paths,
        shown_max=SHOWN_MAX,
        on_top=on_top,
        **context,
    )
    response.status_code = 409
    return response
