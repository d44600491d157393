"""Compare two packages: the files that differ, their lines, and what changes for agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.compare.file_changes import FileChange, compare_files
from skills_registry.models import Skill, SkillVersion, Upload
from skills_registry.packages.agent_view import changes_for_agents
from skills_registry.packages.manifest_fields import SKILL_MD

from .comparison_source import Side, upload_side, version_side
from .file_diffs import FileDiff, Options, diff_file
from .pages import OperatorRequest, page, requires

CHANGES_PER_PAGE = 100
AT_ONCE = 5
"""Files whose diff is in the page; the others are fetched when they are opened."""
BYTES_AT_ONCE = 128 * 1024
"""Size of the files whose diff is in the page."""
SECONDS_AT_ONCE = 1.0
"""Time after which no further file is read for a page. The first file is always read."""
VIEW_COOKIE = "diff_view"
VERSIONS_OFFERED = 200


@requires("view_skill")
def compare_versions(request: OperatorRequest, pk: int) -> HttpResponse:
    """Compare the versions `from` and `to` of a skill; by default the live and the newest, or the two newest."""
    skill = get_object_or_404(Skill.objects.select_related("live_version"), pk=pk)
    versions = SkillVersion.objects.ready().filter(skill=skill)
    offered = list(versions.order_by("-number").values_list("number", flat=True)[:VERSIONS_OFFERED])
    before, after = _selected_numbers(request, skill, offered)
    found = {version.number: version for version in versions.filter(number__in=(before, after)).select_related("skill")}
    if before not in found or after not in found:
        raise Http404
    return _comparison_response(
        request,
        "compare",
        _("Compare %(before)s with %(after)s") % {"before": f"v{before}", "after": f"v{after}"},
        version_side(found[before]),
        version_side(found[after]),
        skill=skill,
        versions=offered,
        numbers=(before, after),
        live=skill.live_version.number if skill.live_version else None,
    )


@requires("upload_skill")
def compare_upload(request: OperatorRequest, pk: UUID) -> HttpResponse:
    """Compare a staged upload with the live version of its skill. Serves the diffs that its page fetches later."""
    upload = get_object_or_404(Upload.objects.accessible_to(request.user), pk=pk)
    try:
        package = services.inspect_upload(upload, mend=True).package
    except FileNotFoundError:
        package = None
    skill = package and Skill.objects.filter(name=package.manifest.name).select_related("live_version__skill").first()
    if package is None or not skill or skill.live_version is None:
        raise Http404
    title = _("Changes in %(name)s") % {"name": upload.filename}
    return _comparison_response(
        request,
        "compare",
        title,
        version_side(skill.live_version),
        upload_side(upload, package),
        skill=skill,
        upload=upload,
    )


def comparison_context(
    request: OperatorRequest, before: Side, after: Side, compare_address: str, *, pair: str = ""
) -> dict[str, Any]:
    """The context of `_comparison.html`: a page of changes, and the diffs of the first files.

    The page fetches other diffs from `compare_address`, which is one of the views above. `pair` is the
    query string with the versions to compare; by default the one of the request.
    """
    changes = sorted(compare_files(before.files, after.files), key=lambda change: change.path != SKILL_MD)
    changes_page = Paginator(changes, CHANGES_PER_PAGE).get_page(request.GET.get("page"))
    options = Options.of(request.GET, split=_is_split_view(request))
    return {
        "before": before,
        "after": after,
        "options": options,
        "changes": changes_page,
        "counts": Counter(change.change for change in changes),
        "files": _file_entries(list(changes_page), before, after, options),
        "agent_changes": changes_for_agents(before.view, after.view),
        "address": pair or _pair_query(request),
        "compare_address": compare_address,
    }


def _comparison_response(
    request: OperatorRequest, template: str, title: str, before: Side, after: Side, **context: Any
) -> HttpResponse:
    path = request.GET.get("file")
    if path is None:
        diff_context = comparison_context(request, before, after, request.path)
    else:
        change = next((change for change in compare_files(before.files, after.files) if change.path == path), None)
        if change is None:
            raise Http404
        options = Options.of(request.GET, split=_is_split_view(request))
        diff_context = {
            "before": before,
            "after": after,
            "options": options,
            "files": [(_anchor(change), change, diff_file(change, before, after, options))],
            "address": _pair_query(request),
            "compare_address": request.path,
            "one": change,
        }
    response = page(request, "_files" if "part" in request.GET else template, title, **diff_context, **context)
    if request.GET.get("view") in ("split", "unified"):
        response.set_cookie(VIEW_COOKIE, request.GET["view"], max_age=365 * 24 * 3600, samesite="Lax", httponly=True)
    return response


def _file_entries(
    changes: Sequence[FileChange], before: Side, after: Side, options: Options
) -> list[tuple[str, FileChange, FileDiff | None]]:
    """The anchor, change and diff of each file. The diff is None for files to be fetched later."""
    budget, began = BYTES_AT_ONCE, monotonic()
    files: list[tuple[str, FileChange, FileDiff | None]] = []
    for number, change in enumerate(changes):
        budget -= (change.size_before or 0) + (change.size_after or 0)
        within_limits = budget >= 0 and monotonic() - began < SECONDS_AT_ONCE
        included = number == 0 or (number < AT_ONCE and within_limits)
        files.append((_anchor(change), change, diff_file(change, before, after, options) if included else None))
    return files


def _anchor(change: FileChange) -> str:
    return f"file-{change.path}"


def _is_split_view(request: OperatorRequest) -> bool:
    """Whether to show two columns: from the query string, or else the view that this browser used last."""
    return (request.GET.get("view") or request.COOKIES.get(VIEW_COOKIE)) == "split"


def _pair_query(request: OperatorRequest) -> str:
    """The query string without the parameters that links add."""
    query = request.GET.copy()
    for name in ("file", "part", "open", "start", "large", "view", "page"):
        query.pop(name, None)
    return query.urlencode()


def _selected_numbers(request: OperatorRequest, skill: Skill, offered: Sequence[int]) -> tuple[int, int]:
    """The numbers of the two versions to compare; 0 if there is no version."""
    newest = offered[0] if offered else 0
    live = skill.live_version.number if skill.live_version else 0
    earlier = live if live and live != newest else next((number for number in offered if number < newest), newest)
    return _number_param(request, "from", earlier), _number_param(request, "to", newest)


def _number_param(request: OperatorRequest, name: str, default: int) -> int:
    value = request.GET.get(name, "").removeprefix("v")
    return int(value) if value.isdecimal() and len(value) < 10 else default
