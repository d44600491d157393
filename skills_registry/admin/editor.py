"""The editor: change files of a version in the browser and save them as a new version."""

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
from skills_registry.packages.edits import Edit, InvalidEdits, edited_file, read_edits, serialize_edits
from skills_registry.packages.manifest import split_document
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.packages.problems import InvalidSkill, Problem
from skills_registry.texts.render import render_problem, render_refusal, render_report

from .comparison_source import Side, version_side
from .edit_conflict import render_conflict_page
from .edit_merge import merge_edits
from .edited_version import edit_comparison_context, editable_text, inspect_edits, resolve_changes
from .forms import EditForm
from .package_texts import render_document
from .pages import OperatorRequest, page, requires

PREVIEW_MAX = 48 * 1024
"""Characters rendered in the preview. It is rendered at every pause in typing, so more would be slow."""


@requires("upload_skill")
def edit(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Show the editor for a version, or save the edits as a new version."""
    base = _get_version(pk, number)
    if request.method != "POST":
        return _render_editor(request, base, request.GET.get("file"), {}, EditForm(initial=_initial_data(base)))
    form = EditForm(request.POST, request.FILES)
    if not form.is_valid():
        return _render_editor(request, base, request.POST.get("path"), {}, form)
    edits = _submitted_edits(base, form)
    if "resume" in request.POST:
        kept = {name: form.cleaned_data[name] for name in ("note", "expected_latest")}
        return _render_editor(request, base, next(iter(edits), None), edits, EditForm(initial=kept))
    if "merge" in request.POST:
        return _merge(request, base, edits, form)
    if "preview" in request.POST:
        return _preview_page(request, base, edits, form)
    return _save(request, base, edits, form)


@requires("upload_skill")
def edit_text(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Return the text of one file as JSON; null if it cannot be edited."""
    side = version_side(_get_version(pk, number))
    return JsonResponse({"text": editable_text(side, request.GET.get("path", ""))})


@require_POST
@requires("upload_skill")
def check_edits(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Return as JSON the report on the edits, a preview of the open file, and the newest version."""
    base = _get_version(pk, number)
    try:
        body = read_json(request.body)
        edits = read_edits(body["edits"])
        path = str(body.get("path", ""))
    except InvalidEdits as error:
        return JsonResponse({"detail": render_refusal(error)}, status=400)
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"detail": _("The changes could not be read.")}, status=400)
    newest = _newest_version(base)
    edited = edits.get(path)
    return JsonResponse(
        {
            **_check_result(inspect_edits(base, edits)),
            "preview": _render_preview(version_side(base), path, edited.text)
            if edited and edited.text is not None
            else None,
            "newest": None if newest is None else {"number": newest.number, "by": str(newest.uploaded_by or "")},
        }
    )


def _get_version(pk: int, number: int) -> SkillVersion:
    return get_object_or_404(SkillVersion.objects.ready().select_related("skill"), skill=pk, number=number)


def _newest_version(version: SkillVersion) -> SkillVersion | None:
    return version.skill.versions.ready().select_related("skill", "uploaded_by").first()


def _initial_data(base: SkillVersion) -> dict[str, Any]:
    newest = _newest_version(base)
    return {"expected_latest": newest.number if newest else base.number}


def _submitted_edits(base: SkillVersion, form: EditForm) -> dict[str, Edit]:
    """All submitted edits: those kept by the script, and the file edited in the plain form."""
    data = form.cleaned_data
    edits: dict[str, Edit] = data["made"]
    if "new_path" not in form.data:
        return edits
    before = editable_text(version_side(base), data["path"]) or ""
    submitted = data["text"] if "text" in form.data else None
    text = None if submitted is None or (data["path"] and _is_same_text(before, submitted)) else submitted
    return edited_file(
        edits,
        data["path"],
        text=text,
        new_path="" if data["remove"] else data["new_path"],
        before=before,
        content=data["content"],
    )


def _is_same_text(before: str, submitted: str) -> bool:
    """Whether two texts are equal except for the kind of line endings, which browsers change."""
    return before.splitlines() == submitted.splitlines() and before.endswith("\n") == submitted.endswith("\n")


def _check_result(inspection: Inspection) -> dict[str, Any]:
    report = {
        "errors": [render_problem(problem) for problem in inspection.errors],
        **render_report(inspection),
    }
    package = inspection.package
    if package is None:
        return {**report, "tokens": None}
    view = AgentView.of(package.manifest.frontmatter, [file.as_dict() for file in package.files])
    tokens = {"listing": view.listing_tokens(), "call": view.instructions_tokens(package.manifest.body)}
    return {**report, "tokens": tokens}


def _render_preview(side: Side, path: str, text: str) -> str | None:
    """Render a Markdown file (for SKILL.md only the body); None for other files."""
    if not path.lower().endswith((".md", ".markdown")):
        return None
    if path == SKILL_MD:
        try:
            text = split_document(text).body
        except InvalidSkill:
            pass  # the frontmatter is not complete yet: render the whole file
    if len(text) <= PREVIEW_MAX:
        return str(render_document(side, path, text))
    notice = _("The preview is truncated here.")
    return format_html('{}<p class="sk-quiet">{}</p>', render_document(side, path, text[:PREVIEW_MAX]), notice)


def _save(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    data = form.cleaned_data
    wants_json = request.headers.get("accept") == "application/json"
    try:
        version = services.edit_version(
            base.skill,
            base.number,
            resolve_changes(base, edits),
            user=request.user,
            note=data["note"],
            expected_latest=data["expected_latest"],
        )
    except (services.Conflict, services.StoreFailed, InvalidSkill, OSError) as failure:  # keep what the user typed
        if wants_json:
            return JsonResponse({"saved": False}, status=409)
        newest = _newest_version(base)
        if isinstance(failure, services.Conflict) and newest and newest.number != data["expected_latest"]:
            return render_conflict_page(request, base, newest, edits, data["note"])
        problems = failure.problems if isinstance(failure, InvalidSkill) else ()
        if not problems:
            messages.error(request, str(failure))
        return _render_editor(request, base, data["path"] or next(iter(edits), None), edits, form, problems=problems)
    messages.success(
        request, _("Created %(version)s. Nothing changes for agents until it is published.") % {"version": version}
    )
    address = reverse("admin:skills_registry_version", args=[base.skill_id, version.number])
    return JsonResponse({"saved": True, "url": address}) if wants_json else redirect(address)


def _merge(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    """Save the merged edits or open them in the editor; if a choice is missing, show the conflict page again."""
    data, newest = form.cleaned_data, _newest_version(base)
    if newest is None:
        raise Http404
    merge = merge_edits(base, newest, edits)
    chosen = merge.read_choices(request.POST, "both" if "edit" in request.POST else None)
    if newest.number != data["expected_latest"] or chosen is None:
        if chosen is None:
            messages.error(request, _("Nothing was saved. Choose one side for each conflict."))
        return render_conflict_page(request, base, newest, edits, data["note"])
    merged = merge.apply_choices(chosen)
    if "edit" in request.POST:
        kept = {name: data[name] for name in ("note", "expected_latest")}
        return _render_editor(request, newest, next(iter(merged), None), merged, EditForm(initial=kept))
    return _save(request, newest, merged, form)


def _render_editor(
    request: OperatorRequest,
    base: SkillVersion,
    path: str | None,
    edits: Mapping[str, Edit],
    form: EditForm,
    *,
    problems: tuple[Problem, ...] = (),
) -> HttpResponse:
    """Render the editor with the file at `path` open: SKILL.md if None, a new file if ""."""
    side = version_side(base)
    path = SKILL_MD if path is None else path
    edited = edits.get(path)
    text = edited.text if edited and edited.text is not None else editable_text(side, path)
    if path and text is None and side.file(path) is None and path not in edits:
        raise Http404
    response = page(
        request,
        "editor",
        _("Edit %(version)s") % {"version": base},
        skill=base.skill,
        base=base,
        form=form,
        path=path,
        text="" if path == "" else text,
        edits_json=json.dumps(serialize_edits(edits)),
        files=side.files,
        problems=[render_problem(problem) for problem in problems],
        live=base.skill.live_version_id == base.pk,
        editor={
            "path": path,
            "text": text,
            "edits": serialize_edits(edits),
            "files": [{"path": file["path"], "size": file["size"]} for file in side.files],
            "draft": f"skillkeeper.draft.{request.user.pk}.{base.skill_id}.{base.number}",
            "base": base.number,
            "texts": reverse("admin:skills_registry_edit_text", args=[base.skill_id, base.number]),
            "check": reverse("admin:skills_registry_edit_check", args=[base.skill_id, base.number]),
        },
    )
    response.status_code = 422 if problems or form.errors else 200
    return response


def _preview_page(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    """Show what the edits change. From here they can be saved or edited further."""
    inspection = inspect_edits(base, edits)
    if inspection.package is None:
        return _render_editor(request, base, next(iter(edits), None), edits, form, problems=inspection.problems)
    return page(
        request,
        "edit_preview",
        _("Your changes to %(version)s") % {"version": base},
        skill=base.skill,
        base=base,
        note=form.cleaned_data["note"],
        expected_latest=form.cleaned_data["expected_latest"],
        edits=json.dumps(serialize_edits(edits)),
        **render_report(inspection),
        **edit_comparison_context(request, base, inspection.package),
    )
