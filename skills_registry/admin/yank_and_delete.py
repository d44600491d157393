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
        return _("Deleted {skill}. It can be restored.").format(skill=skill)

    consequences = [
        _("Agents will no longer get it: {version} is live now.").format(version=live)
        if live
        else _("It is not live, so nothing changes for agents."),
        *describe_impact(skill),
        _("It is hidden from the list of skills unless you filter by the status “deleted”. Its name cannot be reused."),
        _("Its versions, files and history are kept. You can restore it."),
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
        return _("Restored {skill}. Publish a version to make it available to agents.").format(skill=skill)

    consequences = [
        _("Its versions, tags, owner and history are restored."),
        _("Agents do not get it until a version is published."),
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
        _("{version} can no longer be published or rolled back to. Anyone who tries is shown the reason.").format(
            version=version
        ),
        _("You can still view it and undo the yank. Nothing changes for agents."),
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
        return _("{version} can be published again.").format(version=version)

    consequences = [_("{version} can be published again. Nothing changes for agents now.").format(version=version)]
    if version.yank_reason:
        consequences.append(_("Reason for the yank: {reason}").format(reason=version.yank_reason))
    title = _("Undo the yank of {version}").format(version=version)
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
