"""A skill's page, and the page of one of its versions."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from invocations import queries
from skills_registry import storage
from skills_registry.diff import compare
from skills_registry.manifest import split_document
from skills_registry.manifest_fields import SKILL_MD
from skills_registry.models import Skill, SkillVersion

from .contents import contents
from .pages import OperatorRequest, page, requires

VERSIONS_SHOWN = HISTORY_SHOWN = 100


@requires("view_skill")
def skill_page(request: OperatorRequest, pk: int) -> HttpResponse:
    """What is live, all versions, and who changed what."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    # What a version holds can be megabytes; the list needs none of it.
    versions = skill.versions.ready().select_related("uploaded_by").defer("files", "frontmatter")
    return page(
        request,
        "skill",
        skill.name,
        skill=skill,
        versions=versions[:VERSIONS_SHOWN],
        publications=skill.publications.select_related("version", "previous", "actor")[:HISTORY_SHOWN],
        totals=queries.totals([skill.name])[skill.name],
        pending=skill.projected_generation != skill.generation,
    )


@requires("view_skill")
def version_page(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """What is in a version, and how it differs from the live one."""
    versions = SkillVersion.objects.ready().select_related("skill__live_version", "uploaded_by")
    version = get_object_or_404(versions, skill=pk, number=number)
    live = version.skill.live_version
    text = storage.read_file(version.skill.name, number, SKILL_MD).decode()
    return page(
        request,
        "version",
        str(version),
        skill=version.skill,
        version=version,
        live=live,
        changes=compare(live.files, version.files) if live and live != version else None,
        **contents(version.files, version.frontmatter, split_document(text).body),
        warnings=version.warnings,
        findings=version.findings,
    )
