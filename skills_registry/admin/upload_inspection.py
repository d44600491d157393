"""The page of a staged upload: its inspection report, its contents, and what it would change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse

from skills_registry import services
from skills_registry.findings.excerpts import Excerpts
from skills_registry.findings.inspection import Inspection
from skills_registry.media_types import decode_text
from skills_registry.models import Skill, Upload
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.packages.package import Package
from skills_registry.texts.render import render_finding, render_problem

from .comparison import comparison_context
from .comparison_source import upload_side, version_side
from .forms import InspectionForm
from .package_contents import contents_context
from .pages import OperatorRequest

EXCERPTS_MAX = 50
"""Remarks of each kind that are shown with their lines."""


def inspection_context(request: OperatorRequest, staged: Upload, inspection: Inspection) -> dict[str, Any]:
    """The context of the page of a staged upload."""
    package = inspection.package
    excerpts = Excerpts(_texts(inspection))
    context: dict[str, Any] = {
        "staged": staged,
        "inspection": inspection,
        "errors": _with_lines(map(render_problem, inspection.errors), excerpts),
        "warnings": _with_lines(map(render_problem, inspection.warnings), excerpts),
        "findings": _with_lines(map(render_finding, inspection.findings), excerpts),
    }
    return {**context, **_package_context(request, staged, package)} if package else context


def _package_context(request: OperatorRequest, staged: Upload, package: Package) -> dict[str, Any]:
    skill = Skill.objects.filter(name=package.manifest.name).select_related("live_version__skill").first()
    live = skill.live_version if skill else None
    newest = skill.versions.ready().select_related("uploaded_by").order_by("number").last() if skill else None
    same = services.find_identical_version(skill, package) if skill else None
    side = upload_side(staged, package)
    may_publish = request.user.has_perm("skills_registry.publish_skill") and (
        same is not None or not settings.REQUIRE_REVIEW
    )
    context: dict[str, Any] = {
        "package": package,
        "skill": skill,
        "live": live,
        "newest": newest,
        "same": same,
        **contents_context(side, package.manifest.frontmatter, package.manifest.body),
        "listing_tokens": side.view.listing_tokens(),
        "instructions_tokens": side.view.instructions_tokens(package.manifest.body),
        "form": InspectionForm(initial={"expected_live": live.number if live else None}),
        "may_publish": may_publish and not (same and same == live),
        "may_ask": not same and (settings.REQUIRE_REVIEW or not may_publish),
    }
    if live and live != same:
        address = reverse("admin:skills_registry_upload_compare", args=[staged.pk])
        context |= comparison_context(request, version_side(live), side, address)
    return context


def _texts(inspection: Inspection) -> dict[str, str]:
    """The texts that problems and findings refer to, by path."""
    if inspection.package is None:
        return {SKILL_MD: inspection.skill_md} if inspection.skill_md else {}
    paths = {problem.file for problem in inspection.problems} | {finding.file for finding in inspection.findings}
    texts = {file.path: decode_text(file.content) for file in inspection.package.files if file.path in paths}
    return {path: text for path, text in texts.items() if text is not None}


def _with_lines(remarks: Iterable[dict[str, Any]], excerpts: Excerpts) -> list[dict[str, Any]]:
    """Add to the first EXCERPTS_MAX remarks the lines that they refer to."""
    return [
        {**remark, "lines": excerpts.around(remark["file"], remark["line"]) if number < EXCERPTS_MAX else []}
        for number, remark in enumerate(remarks)
    ]
