"""An upload in two steps: the zip, then its review with everything found in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from skills_registry import services
from skills_registry.diff import compare
from skills_registry.forms import ReviewForm, UploadForm
from skills_registry.inspection import Inspection
from skills_registry.models import Skill, SkillVersion, Upload
from skills_registry.package import Package

from .contents import contents
from .pages import OperatorRequest, page, requires

WAITING_SHOWN = 20


@requires("upload_skill")
def upload(request: OperatorRequest) -> HttpResponse:
    """Step 1: take the zip and keep it for the review."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            staged = services.stage_upload(file.name, file.read(), user=request.user)
        except services.StoreFailed as failure:
            form.add_error("file", str(failure))
        else:
            return redirect("admin:skills_registry_review", staged.pk)
    return page(
        request,
        "upload",
        "Upload a skill",
        form=form,
        waiting=Upload.objects.select_related("uploaded_by")[:WAITING_SHOWN],
    )


@requires("upload_skill")
def review(request: OperatorRequest, pk: UUID) -> HttpResponse:
    """Step 2: show what is in it; create a version, create and publish it, or discard it."""
    staged = get_object_or_404(Upload, pk=pk)
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and "discard" in request.POST:
        services.discard_upload(staged)
        messages.info(request, f"Discarded {staged.filename}.")
        return redirect("admin:skills_registry_skill_changelist")
    try:
        inspection = services.inspect_upload(staged)
    except FileNotFoundError:
        messages.error(request, f"No longer kept: {staged.filename}. Please upload it again.")
        return redirect("admin:skills_registry_upload")
    if request.method == "POST" and form.is_valid() and inspection.package:
        return _create(request, staged, inspection.package, form.cleaned_data)
    shown = _shown(request, staged, inspection)
    if form.is_bound:  # what was typed stays, with what is wrong about it
        shown["form"] = form
    return page(request, "review", f"Review of {staged.filename}", **shown)


def _create(request: OperatorRequest, staged: Upload, package: Package, given: dict[str, Any]) -> HttpResponse:
    if "publish" in request.POST and not request.user.has_perm("skills_registry.publish_skill"):
        raise PermissionDenied
    try:
        version, created = services.create_version(package, user=request.user, note=given["note"])
    except (services.Conflict, services.StoreFailed) as failure:
        messages.error(request, str(failure))
        return redirect(request.path)
    services.discard_upload(staged)
    if created:
        messages.success(request, f"Created {version}.")
    else:
        messages.info(request, f"Already up to date: {version} has the same bytes.")
    if "publish" in request.POST and version.skill.live_version_id != version.pk:
        _publish(request, version, given)
    return redirect("admin:skills_registry_skill_change", version.skill.pk)


def _publish(request: OperatorRequest, version: SkillVersion, given: dict[str, Any]) -> None:
    try:
        services.publish(
            version.skill,
            version.number,
            actor=request.user,
            reason=given["note"],
            expected_live=given["expected_live"],
        )
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        messages.success(request, f"Published {version}.")


def _shown(request: OperatorRequest, staged: Upload, inspection: Inspection) -> dict[str, Any]:
    """What the review page shows."""
    context: dict[str, Any] = {"staged": staged, "inspection": inspection}
    package = inspection.package
    if package is None:
        return context
    skill = Skill.objects.filter(name=package.manifest.name).select_related("live_version").first()
    live = skill.live_version if skill else None
    files = [file.as_dict() for file in package.files]
    same = SkillVersion.objects.ready().filter(skill=skill, digest=package.digest).first() if skill else None
    return {
        **context,
        "package": package,
        "skill": skill,
        "live": live,
        "same": same,
        **contents(files, package.manifest.frontmatter, package.manifest.body),
        "changes": compare(live.files, files) if live else None,
        "form": ReviewForm(initial={"expected_live": live.number if live else None}),
        "may_publish": request.user.has_perm("skills_registry.publish_skill"),
    }
