"""The editor: files of a version changed in the browser, saved as a new version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from skills_registry import services
from skills_registry.bounded.json_text import read_json
from skills_registry.findings.inspection import Inspection
from skills_registry.models import SkillVersion
from skills_registry.packages.agent_view import AgentView
from skills_registry.packages.edits import Edit, InvalidEdits, edited_file, read_edits, written
from skills_registry.packages.manifest import split_document
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.packages.problems import InvalidSkill, Problem
from skills_registry.texts.render import render_problem, render_refusal, render_report

from .comparison_source import Side, version_side
from .edit_conflict import conflict_page
from .edit_merge import merge_edits
from .edited_version import changes_of, editable, edited_comparison, inspect_edits
from .forms import EditForm
from .package_texts import rendered
from .pages import OperatorRequest, page, requires

PREVIEW_MAX = 48 * 1024
"""Characters of a text that are previewed: rendered at every pause of typing, more would make the editor slow."""


@requires("upload_skill")
def edit(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Show the editor on a version, or make a new version of what was edited."""
    base = _version(pk, number)
    if request.method != "POST":
        return _editor(request, base, request.GET.get("file"), {}, EditForm(initial=_initial(base)))
    form = EditForm(request.POST, request.FILES)
    if not form.is_valid():
        return _editor(request, base, request.POST.get("path"), {}, form)
    edits = _edits(base, form)
    if "resume" in request.POST:
        kept = {name: form.cleaned_data[name] for name in ("note", "expected_latest")}
        return _editor(request, base, next(iter(edits), None), edits, EditForm(initial=kept))
    if "merge" in request.POST:
        return _merge(request, base, edits, form)
    if "preview" in request.POST:
        return _preview_page(request, base, edits, form)
    return _save(request, base, edits, form)


@requires("upload_skill")
def edit_text(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """The text of one file of a version, for the editor; null where it is none that can be edited."""
    side = version_side(_version(pk, number))
    return JsonResponse({"text": editable(side, request.GET.get("path", ""))})


@require_POST
@requires("upload_skill")
def check(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """What would be said of the edits if they were saved now, and a preview of the file that is looked at."""
    base = _version(pk, number)
    try:
        asked = read_json(request.body)
        edits = read_edits(asked["edits"])
        path = str(asked.get("path", ""))
    except InvalidEdits as error:
        return JsonResponse({"detail": render_refusal(error)}, status=400)
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"detail": _("The changes could not be read.")}, status=400)
    newest = _newest(base)
    edited = edits.get(path)
    return JsonResponse(
        {
            **_remarks(inspect_edits(base, edits)),
            "preview": _preview(version_side(base), path, edited.text) if edited and edited.text is not None else None,
            "newest": None if newest is None else {"number": newest.number, "by": str(newest.uploaded_by or "")},
        }
    )


def _version(pk: int, number: int) -> SkillVersion:
    return get_object_or_404(SkillVersion.objects.ready().select_related("skill"), skill=pk, number=number)


def _newest(version: SkillVersion) -> SkillVersion | None:
    return version.skill.versions.ready().select_related("skill", "uploaded_by").first()


def _initial(base: SkillVersion) -> dict[str, Any]:
    newest = _newest(base)
    return {"expected_latest": newest.number if newest else base.number}


def _edits(base: SkillVersion, form: EditForm) -> dict[str, Edit]:
    """All edits: those that a script kept, and the one file that was edited in the form without one."""
    given = form.cleaned_data
    edits: dict[str, Edit] = given["made"]
    if "new_path" not in form.data:
        return edits
    before = editable(version_side(base), given["path"]) or ""
    sent = given["text"] if "text" in form.data else None
    text = None if sent is None or (given["path"] and _same(before, sent)) else sent
    return edited_file(
        edits,
        given["path"],
        text=text,
        new_path="" if given["remove"] else given["new_path"],
        before=before,
        content=given["content"],
    )


def _same(before: str, sent: str) -> bool:
    return before.splitlines() == sent.splitlines() and before.endswith("\n") == sent.endswith("\n")


def _remarks(inspection: Inspection) -> dict[str, Any]:
    remarks = {
        "errors": [render_problem(problem) for problem in inspection.errors],
        **render_report(inspection),
    }
    package = inspection.package
    if package is None:
        return {**remarks, "tokens": None}
    view = AgentView.of(package.manifest.frontmatter, [file.as_dict() for file in package.files])
    tokens = {"listing": view.listing_tokens(), "call": view.instructions_tokens(package.manifest.body)}
    return {**remarks, "tokens": tokens}


def _preview(side: Side, path: str, text: str) -> str | None:
    """The file as people read it, where it is Markdown; of SKILL.md the instructions."""
    if not path.lower().endswith((".md", ".markdown")):
        return None
    if path == SKILL_MD:
        try:
            text = split_document(text).body
        except InvalidSkill:
            pass  # while the frontmatter is being written, all of it is shown
    if len(text) <= PREVIEW_MAX:
        return str(rendered(side, path, text))
    told = _("The preview is truncated here.")
    return format_html('{}<p class="sk-quiet">{}</p>', rendered(side, path, text[:PREVIEW_MAX]), told)


def _save(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    given = form.cleaned_data
    asked_json = request.headers.get("accept") == "application/json"
    try:
        version = services.edit_version(
            base.skill,
            base.number,
            changes_of(base, edits),
            user=request.user,
            note=given["note"],
            expected_latest=given["expected_latest"],
        )
    except (services.Conflict, services.StoreFailed, InvalidSkill, OSError) as failure:  # the text must not be lost
        if asked_json:
            return JsonResponse({"saved": False}, status=409)
        newest = _newest(base)
        if isinstance(failure, services.Conflict) and newest and newest.number != given["expected_latest"]:
            return conflict_page(request, base, newest, edits, given["note"])
        problems = failure.problems if isinstance(failure, InvalidSkill) else ()
        if not problems:
            messages.error(request, str(failure))
        return _editor(request, base, given["path"] or next(iter(edits), None), edits, form, problems=problems)
    messages.success(
        request, _("Created %(version)s. Nothing changes for agents until it is published.") % {"version": version}
    )
    address = reverse("admin:skills_registry_version", args=[base.skill_id, version.number])
    return JsonResponse({"saved": True, "url": address}) if asked_json else redirect(address)


def _merge(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    """Save what was merged into the newest version, or open it in the editor; else the page of the conflict again."""
    given, newest = form.cleaned_data, _newest(base)
    if newest is None:
        raise Http404
    merge = merge_edits(base, newest, edits)
    chosen = merge.chosen(request.POST, "both" if "edit" in request.POST else None)
    if newest.number != given["expected_latest"] or chosen is None:
        if chosen is None:
            messages.error(request, _("Nothing was saved. Choose one side for each conflict."))
        return conflict_page(request, base, newest, edits, given["note"])
    merged = merge.edits(chosen)
    if "edit" in request.POST:
        kept = {name: given[name] for name in ("note", "expected_latest")}
        return _editor(request, newest, next(iter(merged), None), merged, EditForm(initial=kept))
    return _save(request, newest, merged, form)


def _editor(
    request: OperatorRequest,
    base: SkillVersion,
    path: str | None,
    edits: Mapping[str, Edit],
    form: EditForm,
    *,
    problems: tuple[Problem, ...] = (),
) -> HttpResponse:
    """The editor with a file open: the one at `path`, by default SKILL.md; "" is a new file."""
    side = version_side(base)
    path = SKILL_MD if path is None else path
    edited = edits.get(path)
    text = edited.text if edited and edited.text is not None else editable(side, path)
    if path and text is None and side.file(path) is None and path not in edits:
        raise Http404
    answer = page(
        request,
        "editor",
        _("Edit %(version)s") % {"version": base},
        skill=base.skill,
        base=base,
        form=form,
        path=path,
        text="" if path == "" else text,
        edits_json=json.dumps(written(edits)),
        files=side.files,
        problems=[render_problem(problem) for problem in problems],
        live=base.skill.live_version_id == base.pk,
        editor={
            "path": path,
            "text": text,
            "edits": written(edits),
            "files": [{"path": file["path"], "size": file["size"]} for file in side.files],
            "draft": f"skillkeeper.draft.{request.user.pk}.{base.skill_id}.{base.number}",
            "base": base.number,
            "texts": reverse("admin:skills_registry_edit_text", args=[base.skill_id, base.number]),
            "check": reverse("admin:skills_registry_edit_check", args=[base.skill_id, base.number]),
        },
    )
    answer.status_code = 422 if problems or form.errors else 200
    return answer


def _preview_page(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    """What the edits change, before they are saved; from here they are saved or edited further."""
    inspection = inspect_edits(base, edits)
    if inspection.package is None:
        return _editor(request, base, next(iter(edits), None), edits, form, problems=inspection.problems)
    return page(
        request,
        "edit_preview",
        _("Your changes to %(version)s") % {"version": base},
        skill=base.skill,
        base=base,
        note=form.cleaned_data["note"],
        expected_latest=form.cleaned_data["expected_latest"],
        edits=json.dumps(written(edits)),
        **render_report(inspection),
        **edited_comparison(request, base, inspection.package),
    )
