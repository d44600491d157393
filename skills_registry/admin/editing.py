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
from skills_registry.agent_view import AgentView
from skills_registry.diff import compare
from skills_registry.edits import Edit, InvalidEdits, edited_file, read_edits, resolve, written
from skills_registry.forms import EditForm
from skills_registry.inspection import Inspection
from skills_registry.manifest import split_document
from skills_registry.manifest_fields import SKILL_MD
from skills_registry.media_types import text_of
from skills_registry.models import SkillVersion
from skills_registry.package import Package
from skills_registry.problems import InvalidSkill, Problem
from skills_registry.remarks import translated

from .comparing import comparison
from .pages import OperatorRequest, page, requires
from .sides import Side, version_side
from .texts import rendered

EDITABLE_MAX = 1024 * 1024
"""Bytes of a text up to which it can be edited here."""
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
    if "preview" in request.POST:
        return _preview_page(request, base, edits, form)
    return _save(request, base, edits, form)


@requires("upload_skill")
def edit_text(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """The text of one file of a version, for the editor; null where it is none that can be edited."""
    side = version_side(_version(pk, number))
    return JsonResponse({"text": _editable(side, request.GET.get("path", ""))})


@require_POST
@requires("upload_skill")
def check(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """What would be said of the edits if they were saved now, and a preview of the file that is looked at."""
    base = _version(pk, number)
    try:
        asked = json.loads(request.body)
        edits = read_edits(asked["edits"])
        path = str(asked.get("path", ""))
    except InvalidEdits as error:
        return JsonResponse({"detail": str(error)}, status=400)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return JsonResponse({"detail": _("The edits cannot be read.")}, status=400)
    newest = _newest(base)
    edited = edits.get(path)
    return JsonResponse(
        {
            **_remarks(_inspect(base, edits)),
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
    before = _editable(version_side(base), given["path"]) or ""
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


def _editable(side: Side, path: str) -> str | None:
    """The text of a file, None where it is not there, no text, or too large."""
    file = side.file(path)
    if file is None or file["size"] > EDITABLE_MAX:
        return None
    return text_of(side.content(path))


def _changes(base: SkillVersion, edits: Mapping[str, Edit]) -> dict[str, bytes | None]:
    """What `services.edit_version` takes. Raises Http404 for a source that the version does not have."""
    return resolve(edits, version_side(base).content)


def _inspect(base: SkillVersion, edits: Mapping[str, Edit]) -> Inspection:
    try:
        return services.inspect_edit(base, _changes(base, edits))
    except (services.Conflict, services.StoreFailed) as failure:
        return Inspection(None, (Problem("conflict", str(failure)),))


def _remarks(inspection: Inspection) -> dict[str, Any]:
    remarks = {
        "errors": [translated(problem.as_dict()) for problem in inspection.errors],
        "warnings": [translated(problem.as_dict()) for problem in inspection.warnings],
        "findings": [translated(finding.as_dict()) for finding in inspection.findings],
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
    told = _("The preview ends here; the text goes on.")
    return format_html('{}<p class="sk-quiet">{}</p>', rendered(side, path, text[:PREVIEW_MAX]), told)


def _save(request: OperatorRequest, base: SkillVersion, edits: dict[str, Edit], form: EditForm) -> HttpResponse:
    given = form.cleaned_data
    asked_json = request.headers.get("accept") == "application/json"
    try:
        version = services.edit_version(
            base.skill,
            base.number,
            _changes(base, edits),
            user=request.user,
            note=given["note"],
            expected_latest=given["expected_latest"],
        )
    except (services.Conflict, services.StoreFailed, InvalidSkill, OSError) as failure:  # the text must not be lost
        if asked_json:
            return JsonResponse({"saved": False}, status=409)
        newest = _newest(base)
        if isinstance(failure, services.Conflict) and newest and newest.number != given["expected_latest"]:
            return _conflict(request, base, newest, edits, form)
        problems = failure.problems if isinstance(failure, InvalidSkill) else ()
        if not problems:
            messages.error(request, str(failure))
        return _editor(request, base, given["path"] or next(iter(edits), None), edits, form, problems=problems)
    messages.success(request, _("Created %(version)s. What agents get has not changed.") % {"version": version})
    address = reverse("admin:skills_registry_version", args=[base.skill_id, version.number])
    return JsonResponse({"saved": True, "url": address}) if asked_json else redirect(address)


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
    text = edited.text if edited and edited.text is not None else _editable(side, path)
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
        problems=[problem.as_dict() for problem in problems],
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
    inspection = _inspect(base, edits)
    if inspection.package is None:
        return _editor(request, base, next(iter(edits), None), edits, form, problems=inspection.problems)
    return page(
        request,
        "edit_preview",
        _("What you changed in %(version)s") % {"version": base},
        skill=base.skill,
        base=base,
        note=form.cleaned_data["note"],
        expected_latest=form.cleaned_data["expected_latest"],
        edits=json.dumps(written(edits)),
        inspection=inspection,
        **_edited_comparison(request, base, inspection.package),
    )


def _edited_comparison(request: OperatorRequest, base: SkillVersion, package: Package) -> dict[str, Any]:
    """The comparison of a version with the package that edits make of it."""
    contents = {file.path: file.content for file in package.files}
    files = [file.as_dict() for file in package.files]
    view = AgentView.of(package.manifest.frontmatter, files)
    after = Side(_("with your changes"), files, view, contents.__getitem__, lambda path: "", lambda path: "")
    return comparison(request, version_side(base), after, "")


def _conflict(
    request: OperatorRequest, base: SkillVersion, newest: SkillVersion, edits: dict[str, Edit], form: EditForm
) -> HttpResponse:
    """Somebody made a version meanwhile: what differs, and the ways on from here; the edits are all kept."""
    on_top = _inspect(newest, edits)
    mine = set(edits)
    context = _edited_comparison(request, newest, on_top.package) if on_top.package else {}
    changed = {change.path for change in compare(base.files, newest.files)}
    answer = page(
        request,
        "edit_conflict",
        _("Somebody was faster: %(version)s is there") % {"version": newest},
        skill=base.skill,
        base=base,
        newest=newest,
        note=form.cleaned_data["note"],
        edits=json.dumps(written(edits)),
        both=sorted(mine & changed),
        on_top=on_top,
        **context,
    )
    answer.status_code = 409
    return answer
