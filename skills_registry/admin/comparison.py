"""Two packages compared: the files that differ, each with its lines, and what changes for agents."""

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
from skills_registry.compare.file_changes import FileChange, compare
from skills_registry.models import Skill, SkillVersion, Upload
from skills_registry.packages.agent_view import changes_for_agents
from skills_registry.packages.manifest_fields import SKILL_MD

from .comparison_source import Side, upload_side, version_side
from .file_diffs import FileDiff, Options, file_diff
from .pages import OperatorRequest, page, requires

CHANGES_PER_PAGE = 100
AT_ONCE = 5
"""So many files come with their lines; the others are fetched when somebody looks at them."""
BYTES_AT_ONCE = 128 * 1024
SECONDS_AT_ONCE = 1.0
"""So long files are read for a page, where the store is slow; the first one always is."""
VIEW_COOKIE = "diff_view"
VERSIONS_OFFERED = 200


@requires("view_skill")
def compare_versions(request: OperatorRequest, pk: int) -> HttpResponse:
    """Any two versions of a skill: `from` and `to`; by default the live one and the newest, or the two newest."""
    skill = get_object_or_404(Skill.objects.select_related("live_version"), pk=pk)
    versions = SkillVersion.objects.ready().filter(skill=skill)
    offered = list(versions.order_by("-number").values_list("number", flat=True)[:VERSIONS_OFFERED])
    before, after = _chosen(request, skill, offered)
    found = {version.number: version for version in versions.filter(number__in=(before, after)).select_related("skill")}
    if before not in found or after not in found:
        raise Http404
    return _answer(
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
    """A zip that waits against the live version of its skill; for the parts of its review that are fetched later."""
    upload = get_object_or_404(Upload.objects.open_to(request.user), pk=pk)
    try:
        package = services.inspect_upload(upload, mend=True).package
    except FileNotFoundError:
        package = None
    skill = package and Skill.objects.filter(name=package.manifest.name).select_related("live_version__skill").first()
    if package is None or not skill or skill.live_version is None:
        raise Http404
    title = _("Changes in %(name)s") % {"name": upload.filename}
    return _answer(
        request,
        "compare",
        title,
        version_side(skill.live_version),
        upload_side(upload, package),
        skill=skill,
        upload=upload,
    )


def comparison(
    request: OperatorRequest, before: Side, after: Side, compare_address: str, *, pair: str = ""
) -> dict[str, Any]:
    """The context of `_comparison.html`: the changes, page by page, and the first files with their lines.

    The other files are to be fetched from `compare_address`, one of the views above; `pair` is the query that
    tells it what to compare, where the page's own does not.
    """
    changes = sorted(compare(before.files, after.files), key=lambda change: change.path != SKILL_MD)
    shown = Paginator(changes, CHANGES_PER_PAGE).get_page(request.GET.get("page"))
    options = Options.of(request.GET, split=_split(request))
    return {
        "before": before,
        "after": after,
        "options": options,
        "changes": shown,
        "counts": Counter(change.change for change in changes),
        "files": _files(list(shown), before, after, options),
        "agent_changes": changes_for_agents(before.view, after.view),
        "address": pair or _address(request),
        "compare_address": compare_address,
    }


def _answer(
    request: OperatorRequest, template: str, title: str, before: Side, after: Side, **context: Any
) -> HttpResponse:
    path = request.GET.get("file")
    if path is None:
        shown = comparison(request, before, after, request.path)
    else:
        change = next((change for change in compare(before.files, after.files) if change.path == path), None)
        if change is None:
            raise Http404
        options = Options.of(request.GET, split=_split(request))
        shown = {
            "before": before,
            "after": after,
            "options": options,
            "files": [(_anchor(change), change, file_diff(change, before, after, options))],
            "address": _address(request),
            "compare_address": request.path,
            "one": change,
        }
    answer = page(request, "_files" if "part" in request.GET else template, title, **shown, **context)
    if request.GET.get("view") in ("split", "unified"):
        answer.set_cookie(VIEW_COOKIE, request.GET["view"], max_age=365 * 24 * 3600, samesite="Lax", httponly=True)
    return answer


def _files(
    changes: Sequence[FileChange], before: Side, after: Side, options: Options
) -> list[tuple[str, FileChange, FileDiff | None]]:
    """The files with their anchors; with their lines as long as that is little, None for the others."""
    budget, began = BYTES_AT_ONCE, monotonic()
    files: list[tuple[str, FileChange, FileDiff | None]] = []
    for number, change in enumerate(changes):
        budget -= (change.size_before or 0) + (change.size_after or 0)
        soon = budget >= 0 and monotonic() - began < SECONDS_AT_ONCE
        now = number == 0 or (number < AT_ONCE and soon)
        files.append((_anchor(change), change, file_diff(change, before, after, options) if now else None))
    return files


def _anchor(change: FileChange) -> str:
    return f"file-{change.path}"


def _split(request: OperatorRequest) -> bool:
    """Whether to show two columns: by the address, or by what this browser was shown last."""
    return (request.GET.get("view") or request.COOKIES.get(VIEW_COOKIE)) == "split"


def _address(request: OperatorRequest) -> str:
    """The query of the compared pair alone, to which links add what they want of it."""
    query = request.GET.copy()
    for name in ("file", "part", "open", "start", "large", "view", "page"):
        query.pop(name, None)
    return query.urlencode()


def _chosen(request: OperatorRequest, skill: Skill, offered: Sequence[int]) -> tuple[int, int]:
    """The numbers of the two versions; 0 where there is none."""
    newest = offered[0] if offered else 0
    live = skill.live_version.number if skill.live_version else 0
    earlier = live if live and live != newest else next((number for number in offered if number < newest), newest)
    return _number(request, "from", earlier), _number(request, "to", newest)


def _number(request: OperatorRequest, name: str, default: int) -> int:
    value = request.GET.get(name, "").removeprefix("v")
    return int(value) if value.isdecimal() and len(value) < 10 else default
