"""The page for the second of two who edited a skill: what is merged by itself, and what has to be chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.translation import gettext as _

from skills_registry.models import SkillVersion
from skills_registry.packages.edits import Edit, written

from .edit_merge import CLASHES_MAX, SHOWN_MAX, merge_edits
from .edited_version import edited_comparison, inspect_edits
from .pages import OperatorRequest, page


def conflict_page(
    request: OperatorRequest, base: SkillVersion, newest: SkillVersion, edits: Mapping[str, Edit], note: str
) -> HttpResponse:
    """Somebody made a version meanwhile: how both fit together, and the ways on from here; the edits are all kept."""
    merge = merge_edits(base, newest, edits)
    clashes = merge.clashes
    apart = merge.edits({})
    on_top = inspect_edits(newest, apart)
    context = edited_comparison(request, newest, on_top.package) if on_top.package and apart else {}
    answer = page(
        request,
        "edit_conflict",
        _("%(version)s was created while you were editing") % {"version": newest},
        skill=base.skill,
        base=base,
        newest=newest,
        note=note,
        edits=json.dumps(written(edits)),
        clashes=clashes if len(clashes) <= CLASHES_MAX else [],
        clash_count=len(clashes),
        mergeable=len(clashes) <= CLASHES_MAX,
        merged=merge.merged,
        shown_max=SHOWN_MAX,
        on_top=on_top,
        **context,
    )
    answer.status_code = 409
    return answer
