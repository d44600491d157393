"""The pages of a skill: overview, versions, and one page for each version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from invocations import queries
from skills_registry import services
from skills_registry.compare.file_changes import compare_files
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.manifest import split_document
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.store import package_store
from skills_registry.texts.render import render_report

from .comparison_source import version_side
from .package_contents import contents_context, frontmatter_fields
from .package_texts import render_document
from .pages import OperatorRequest, before_cursor, page, requires
from .version_reviews import review_permissions

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VERSIONS_SHOWN = 100


@requires("view_skill")
def overview(request: OperatorRequest, pk: int) -> HttpResponse:
    """Show the live version, or else the newest, as people and agents see it."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    version = skill.live_version or skill.versions.ready().first()
    context: dict[str, Any] = {"totals": queries.totals([skill.name])[skill.name]}
    if version:
        body = split_document(package_store.read_file(skill.name, version.number, SKILL_MD).decode()).body
        version.skill = skill
        side = version_side(version)
        context |= {
            "version": version,
            "address": f"skill://{skill.name}/{SKILL_MD}",
            "rendered": render_document(side, SKILL_MD, body),
            "frontmatter": frontmatter_fields(version.frontmatter),
            "seen": side.view,
            "listing_tokens": side.view.listing_tokens(),
            "instructions_tokens": side.view.instructions_tokens(body),
        }
    return render_skill_view(request, "overview", skill, **context)


@requires("view_skill")
def versions(request: OperatorRequest, pk: int) -> HttpResponse:
    """Show a page of versions, newest first."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    cursor = before_cursor(request)
    # These fields can be megabytes, and the list does not need them.
    listed = skill.versions.ready().select_related("uploaded_by").defer("files", "frontmatter")
    read = list((listed.filter(number__lt=cursor) if cursor else listed)[: VERSIONS_SHOWN + 1])
    shown = read[:VERSIONS_SHOWN]
    others = [version.pk for version in shown if version.pk != skill.live_version_id]
    return render_skill_view(
        request,
        "versions",
        skill,
        versions=shown,
        several=len(shown) > 1,
        compared_from=_default_comparison(skill, shown),
        refusals=_refusals(skill, shown, request.user),
        kept=set(skill.versions.undeletable().filter(pk__in=others).values_list("pk", flat=True)),
        newer=cursor is not None,
        older=shown[-1].number if len(read) > VERSIONS_SHOWN else None,
    )


def _default_comparison(skill: Skill, shown: list[SkillVersion]) -> int | None:
    """The version to compare the newest one with by default: the live one, or the one before it."""
    earlier = [version.number for version in shown[1:]]
    live = skill.live_version.number if skill.live_version else None
    return live if live in earlier else next(iter(earlier), None)


@requires("view_skill")
def version_page(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Show the contents of a version and its differences from the live one."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    version = get_object_or_404(skill.versions.ready().select_related("uploaded_by"), number=number)
    version.skill, live = skill, skill.live_version
    text = package_store.read_file(skill.name, number, SKILL_MD).decode()
    return page(
        request,
        "version",
        str(version),
        skill=skill,
        version=version,
        live=live,
        changes=compare_files(live.files, version.files) if live and live != version else None,
        **contents_context(version_side(version), version.frontmatter, split_document(text).body),
        **render_report(version),
        said=version.reviews.select_related("actor") if version.review else None,
        objection=services.objection(version, request.user),
        refusal=services.why_not_publishable(version, request.user),
        **review_permissions(request, version),
    )


def render_skill_view(request: OperatorRequest, view: str, skill: Skill, **context: Any) -> HttpResponse:
    """Render one of the views of a skill (read `with_summary`). `view` is also the template's name."""
    return page(
        request,
        f"skill/{view}",
        skill.name,
        skill=skill,
        view=view,
        **_next_step_context(skill, request.user),
        **context,
    )


def _next_step_context(skill: Skill, user: User) -> dict[str, Any]:
    """The version that the user may publish next (`target`), and whether it needs a review first."""
    number = services.publication_target(skill) if user.has_perm("skills_registry.publish_skill") else None
    version = skill.versions.ready().defer("files", "frontmatter").filter(number=number).first() if number else None
    if version is None or skill.deleted_at is not None:
        return {"target": None}
    return {"target": number, "review_first": bool(_refusals(skill, [version], user))}


def _refusals(skill: Skill, versions: list[SkillVersion], user: User) -> dict[int, str]:
    """Why the user cannot publish versions of the skill, by primary key; without those that they can."""
    for version in versions:
        version.skill = skill
    return {pk: reason for pk, reason in services.refusals(versions, user).items() if reason}
