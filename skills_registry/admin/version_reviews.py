"""Reviews of versions: the list of open ones, and the page to request, approve and send back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.models import Review, SkillVersion, SkillVersionQuerySet
from skills_registry.packages.manifest import split_document
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.store import package_store
from skills_registry.texts.render import render_report

from .comparison import comparison_context
from .comparison_source import version_side
from .forms import CommentForm
from .package_contents import contents_context
from .pages import OperatorRequest, page, requires

SHOWN = 100
Verdict = SkillVersion.Review


@requires("view_skill")
def reviews(request: OperatorRequest) -> HttpResponse:
    """Show versions that wait for review, the user's versions that were sent back, and approved ones."""
    undecided = SkillVersion.objects.waiting().filter(skill__deleted_at__isnull=True)
    mine = undecided.filter(uploaded_by=request.user, review=Verdict.SENT_BACK)
    return page(
        request,
        "reviews",
        _("Reviews"),
        waiting=_load_versions(SkillVersion.objects.waiting_for_review()),
        approved=_load_versions(undecided.filter(review=Verdict.APPROVED)),
        mine=_load_versions(mine),
        required=settings.REQUIRE_REVIEW,
    )


@requires("view_skill")
def version_review(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Show the reviews of a version and what it changes; a POST requests a review, approves or sends back."""
    versions = SkillVersion.objects.ready().select_related("skill__live_version__skill", "uploaded_by")
    version = get_object_or_404(versions, skill=pk, number=number)
    form = CommentForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            message = _record_verdict(request, version, form.cleaned_data["comment"])
        except services.Conflict as conflict:
            form.add_error(None, str(conflict))
            status = 409
        else:
            messages.success(request, message)
            return redirect("admin:skills_registry_version", pk, number)
    title = _("Review of %(version)s") % {"version": version}
    response = page(request, "version_review", title, form=form, **_review_context(request, version))
    response.status_code = status
    return response


def review_permissions(request: OperatorRequest, version: SkillVersion) -> dict[str, bool]:
    """Which review actions the user may take: `may_ask`, `may_approve`, `may_send_back`."""
    reviewer = version.may_be_reviewed and request.user.has_perm("skills_registry.publish_skill")
    others = version.uploaded_by_id != request.user.pk
    author = version.may_be_reviewed and request.user.has_perm("skills_registry.upload_skill")
    return {
        "may_ask": author and version.review in (Verdict.NONE, Verdict.SENT_BACK),
        "may_approve": reviewer and others and version.review in (Verdict.NONE, Verdict.REQUESTED),
        "may_send_back": reviewer and version.review != Verdict.SENT_BACK,
    }


def _load_versions(versions: SkillVersionQuerySet) -> list[SkillVersion]:
    """Load versions with their reviews, newest upload first."""
    with_reviews = Prefetch("reviews", Review.objects.select_related("actor"))
    found = versions.select_related("skill__live_version", "uploaded_by").prefetch_related(with_reviews)
    # These fields can be megabytes, and the list does not need them.
    slim = found.defer("files", "frontmatter", "skill__live_version__files", "skill__live_version__frontmatter")
    return list(slim.order_by("-created_at")[:SHOWN])


def _record_verdict(request: OperatorRequest, version: SkillVersion, comment: str) -> str:
    """Do the review action of the pressed button. Returns a message. Raises PermissionDenied and Conflict."""
    if "ask" in request.POST:
        _require_permission(request, "upload_skill")
        services.request_review(version, actor=request.user, comment=comment)
        return _("Requested review of %(version)s.") % {"version": version}
    _require_permission(request, "publish_skill")
    if "approve" in request.POST:
        services.approve(version, actor=request.user, comment=comment)
        return _("Approved %(version)s. It is not live yet.") % {"version": version}
    services.send_back(version, actor=request.user, comment=comment)
    return _("Sent %(version)s back.") % {"version": version}


def _require_permission(request: OperatorRequest, permission: str) -> None:
    if not request.user.has_perm(f"skills_registry.{permission}"):
        raise PermissionDenied


def _review_context(request: OperatorRequest, version: SkillVersion) -> dict[str, Any]:
    skill, live = version.skill, version.skill.live_version
    context: dict[str, Any] = {
        "skill": skill,
        "version": version,
        "live": live,
        "said": version.reviews.select_related("actor"),
        "own": version.uploaded_by_id == request.user.pk,
        "required": settings.REQUIRE_REVIEW,
        **render_report(version),
        **review_permissions(request, version),
    }
    if live and live != version:
        address = reverse("admin:skills_registry_compare", args=[skill.pk])
        pair = f"from={live.number}&to={version.number}"
        return context | comparison_context(request, version_side(live), version_side(version), address, pair=pair)
    body = split_document(package_store.read_file(skill.name, version.number, SKILL_MD).decode()).body
    return context | contents_context(version_side(version), version.frontmatter, body)
