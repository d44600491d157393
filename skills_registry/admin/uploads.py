"""An upload in two steps: stage the dropped files, then inspect each package."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from skills_registry import services
from skills_registry.models import SkillVersion, Upload
from skills_registry.packages.package import Package
from skills_registry.packages.paths import JUNK_FOLDERS, first_few
from skills_registry.texts.render import join_names

from .confirmation import show_outcome
from .forms import InspectionForm, UploadForm
from .pages import OperatorRequest, page, requires
from .upload_inspection import inspection_context
from .upload_list import rivals

WAITING_SHOWN = 50


@requires("upload_skill")
def upload(request: OperatorRequest) -> HttpResponse:
    """Step 1: accept zips, files or folders and stage each package.

    Responds with JSON if the client accepts it, so that the page can show progress and errors in place.
    """
    form = UploadForm(request.POST or None, request.FILES or None)
    failed = False
    if request.method == "POST" and form.is_valid():
        try:
            staged = services.stage_files([(path, file.read) for path, file in form.files_by_path()], user=request.user)
        except services.StoreFailed as failure:
            form.add_error("file", str(failure))
            failed = True
        else:
            return _staged_json(staged) if _wants_json(request) else _staged_response(request, staged)
    if request.method == "POST" and _wants_json(request):
        return JsonResponse(
            {"errors": [text for texts in form.errors.values() for text in texts]}, status=503 if failed else 400
        )
    waiting = Upload.objects.accessible_to(request.user).select_related("uploaded_by")
    response = page(
        request,
        "upload",
        _("Upload a skill"),
        form=form,
        waiting=waiting[:WAITING_SHOWN],
        waiting_in_all=waiting.count(),
        limits={
            "files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
            "bytes": settings.SKILL_MAX_ARCHIVE_BYTES,
            "junk": sorted(JUNK_FOLDERS),
        },
    )
    response.status_code = 503 if failed else 200
    return response


@requires("upload_skill")
def inspect_upload(request: OperatorRequest, pk: UUID) -> HttpResponse:
    """Step 2: show the package; create a version, publish it or request a review, or discard the upload."""
    staged = get_object_or_404(Upload.objects.accessible_to(request.user), pk=pk)
    form = InspectionForm(request.POST or None)
    if request.method == "POST" and "discard" in request.POST:
        services.discard_upload(staged)
        messages.info(request, _("Discarded %(name)s.") % {"name": staged.filename})
        return redirect(_next_upload_url(request) or "admin:skills_registry_skill_changelist")
    try:
        inspection = services.inspect_upload(staged, mend="mend" in request.GET)
    except FileNotFoundError:
        messages.error(
            request, _("The upload %(name)s has expired. Please upload it again.") % {"name": staged.filename}
        )
        return redirect("admin:skills_registry_upload")
    if request.method == "POST" and form.is_valid() and inspection.package:
        created = _create(request, staged, inspection.package, form.cleaned_data)
        if created:
            return created
    context = inspection_context(request, staged, inspection)
    if form.is_bound:  # keep what the user typed, with the errors
        context["form"] = form
    others = _other_uploads(request, staged)
    context["rivals"] = rivals(inspection.package, others) if inspection.package else []
    title = _("Inspect %(name)s") % {"name": staged.filename}
    return page(request, "review", title, **context, others=others)


def _wants_json(request: OperatorRequest) -> bool:
    return request.headers.get("accept") == "application/json"


def _staged_json(staged: services.Staged) -> HttpResponse:
    reviews = [
        {"filename": upload.filename, "url": reverse("admin:skills_registry_review", args=[upload.pk])}
        for upload in staged.uploads
    ]
    return JsonResponse({"reviews": reviews, "left_out": _left_out_message(staged)})


def _staged_response(request: OperatorRequest, staged: services.Staged) -> HttpResponse:
    if left_out := _left_out_message(staged):
        messages.warning(request, left_out)
    if len(staged.uploads) == 1:
        return redirect("admin:skills_registry_review", staged.uploads[0].pk)
    count = len(staged.uploads)
    message = ngettext("%(count)s package is ready to inspect.", "%(count)s packages are ready to inspect.", count)
    if count:
        messages.success(request, message % {"count": count})
    return redirect("admin:skills_registry_uploads")


def _left_out_message(staged: services.Staged) -> str:
    if not staged.left_out:
        return ""
    paths = join_names(first_few(staged.left_out), len(staged.left_out))
    return _("Skipped because they belong to no skill: %(paths)s") % {"paths": paths}


def _create(request: OperatorRequest, staged: Upload, package: Package, data: dict[str, Any]) -> HttpResponse | None:
    """Create the version, then publish it or request a review. Returns None, with a message, if that failed."""
    if "publish" in request.POST and not request.user.has_perm("skills_registry.publish_skill"):
        raise PermissionDenied
    try:
        version, created = services.create_version(package, user=request.user, note=data["note"])
    except (services.Conflict, services.StoreFailed) as failure:
        messages.error(request, str(failure))
        return None
    services.discard_upload(staged)
    if created:
        messages.success(request, _("Created %(version)s.") % {"version": version})
    else:
        messages.info(request, _("Already up to date: %(version)s has the same content.") % {"version": version})
    if "publish" in request.POST and version.skill.live_version_id != version.pk:
        _publish(request, version, data)
    elif "ask" in request.POST:
        _ask_for_review(request, version, data["note"])
    if next_url := _next_upload_url(request):
        text = _("You have more uploads to inspect.")
        messages.info(request, format_html('{} <a href="{}">{}</a>', text, next_url, _("Inspect the next upload")))
    return redirect("admin:skills_registry_version", version.skill.pk, version.number)


def _publish(request: OperatorRequest, version: SkillVersion, data: dict[str, Any]) -> None:
    try:
        services.publish(
            version.skill,
            version.number,
            actor=request.user,
            reason=data["note"],
            expected_live=data["expected_live"],
        )
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        show_outcome(request, version.skill, _("Published %(version)s.") % {"version": version})


def _ask_for_review(request: OperatorRequest, version: SkillVersion, note: str) -> None:
    try:
        services.request_review(version, actor=request.user, comment=note)
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        messages.success(request, _("Requested review of %(version)s.") % {"version": version})


def _other_uploads(request: OperatorRequest, staged: Upload) -> list[Upload]:
    """The user's other staged uploads, oldest first."""
    mine = Upload.objects.filter(uploaded_by=request.user).exclude(pk=staged.pk)
    return list(mine.order_by("created_at")[:WAITING_SHOWN])


def _next_upload_url(request: OperatorRequest) -> str:
    """The URL of the user's next staged upload; "" if there is none."""
    following = Upload.objects.filter(uploaded_by=request.user).order_by("created_at").first()
    return reverse("admin:skills_registry_review", args=[following.pk]) if following else ""
