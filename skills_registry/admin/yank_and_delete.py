"""Yank and unyank versions, delete and restore skills: a GET shows what will happen, a POST does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.models import Skill, SkillVersion

from .confirmation import confirm_change
from .forms import ChangeForm
from .pages import OperatorRequest, page, requires
from .usage_impact import describe_impact


@requires("administer_skill")
def delete_skill(request: OperatorRequest, pk: int) -> HttpResponse:
    """Hide a skill and deactivate it if it is live."""
    skill = _get_skill(pk)
    live = skill.live_version

    def change(reason: str, expected_live: int | None) -> str:
        services.delete_skill(skill, actor=request.user, reason=reason, deactivate=True, expected_live=expected_live)
        return _("{skill} is deleted. It can be restored.").format(skill=skill)

    consequences = [
        _("Agents lose it: {version} is live now.").format(version=live) if live else _("Agents do not get it now."),
        *describe_impact(skill),
        _("It leaves the list of skills, where the status “deleted” finds it, and its name stays taken."),
        _("Versions, files and history stay, and it can be restored."),
    ]
    return _confirm(
        request,
        skill,
        _("Delete {skill}").format(skill=skill),
        consequences,
        change,
        refusal=services.why_deleted(skill),
        danger=True,
    )


@requires("administer_skill")
def restore_skill(request: OperatorRequest, pk: int) -> HttpResponse:
    """Restore a deleted skill."""
    skill = _get_skill(pk)

    def change(reason: str, _expected_live: int | None) -> str:
        services.restore_skill(skill, actor=request.user, reason=reason)
        return _("{skill} is back. Publish a version when agents are to get it.").format(skill=skill)

    consequences = [
        _("It comes back with its versions, tags, owner and history."),
        _("Agents get nothing of it until a version is published."),
    ]
    return _confirm(
        request,
        skill,
        _("Restore {skill}").format(skill=skill),
        consequences,
        change,
        refusal=services.why_not_restorable(skill),
    )


@requires("publish_skill")
def yank(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Forbid publishing a version."""
    version = _get_version(pk, number)

    def change(reason: str, _expected_live: int | None) -> str:
        services.yank_version(version, actor=request.user, reason=reason)
        return _("{version} is yanked.").format(version=version)

    consequences = [
        _("{version} cannot be published or rolled back to; whoever tries is told the reason.").format(version=version),
        _("It stays to be looked at, and the yank can be taken back. What agents get now does not change."),
    ]
    title = _("Yank {version}").format(version=version)
    return _confirm(
        request, version.skill, title, consequences, change, refusal=services.why_not_yankable(version), danger=True
    )


@requires("publish_skill")
def unyank(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Allow publishing a yanked version again."""
    version = _get_version(pk, number)

    def change(reason: str, _expected_live: int | None) -> str:
        services.unyank_version(version, actor=request.user, reason=reason)
        return _("{version} may be published again.").format(version=version)

    consequences = [_("{version} may be published again. What agents get now does not change.").format(version=version)]
    if version.yank_reason:
        consequences.append(_("It was yanked for this reason: {reason}").format(reason=version.yank_reason))
    title = _("Take back the yank of {version}").format(version=version)
    return _confirm(
        request, version.skill, title, consequences, change, refusal=services.why_not_yankable(version, yank=False)
    )


def _get_skill(pk: int) -> Skill:
    return get_object_or_404(Skill.objects.select_related("live_version"), pk=pk)


def _get_version(pk: int, number: int) -> SkillVersion:
    versions = SkillVersion.objects.ready().select_related("skill__live_version__skill")
    return get_object_or_404(versions, skill=pk, number=number)


def _confirm(
    request: OperatorRequest,
    skill: Skill,
    title: str,
    consequences: Sequence[str],
    change: Callable[[str, int | None], str],
    *,
    refusal: str,
    **context: Any,
) -> HttpResponse:
    """Show what `change` will do or why it is refused; do it after the operator has confirmed."""

    def show(form: ChangeForm) -> HttpResponse:
        return page(request, "withdraw", title, skill=skill, said=consequences, form=form, refusal=refusal, **context)

    return confirm_change(request, skill, change, show)
