"""Publish, roll back, deactivate and delete: a GET shows what will change, a POST changes it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.compare.file_changes import compare_files
from skills_registry.models import Publication, Skill, SkillVersion

from .confirmation import confirm_change
from .forms import ChangeForm
from .pages import OperatorRequest, page, requires
from .usage_impact import describe_impact


@requires("publish_skill")
def publish(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Publish a version, or roll back to it if it is older than the live one."""
    skill = get_object_or_404(Skill.objects.select_related("live_version"), pk=pk)
    version = get_object_or_404(SkillVersion.objects.ready(), skill=skill, number=number)
    older = skill.live_version is not None and number < skill.live_version.number

    def change(reason: str, expected_live: int | None) -> str:
        return _publication_message(
            services.publish(skill, number, actor=request.user, reason=reason, expected_live=expected_live)
        )

    title = (_("Roll back to {version}") if older else _("Publish {version}")).format(version=version)
    version.skill = skill
    refusal = services.why_not_publishable(version, request.user)
    return _confirm(request, skill, version, title, change, refusal=refusal)


@requires("publish_skill")
def deactivate(request: OperatorRequest, pk: int) -> HttpResponse:
    """Stop serving a skill."""
    skill = get_object_or_404(Skill.objects.select_related("live_version"), pk=pk)

    def change(reason: str, expected_live: int | None) -> str:
        return _publication_message(
            services.deactivate(skill, actor=request.user, reason=reason, expected_live=expected_live)
        )

    title, refusal = _("Deactivate {skill}").format(skill=skill), services.why_not_deactivatable(skill)
    return _confirm(request, skill, None, title, change, refusal=refusal)


@requires("publish_skill")
def delete(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Delete a version that is not live."""
    skill = get_object_or_404(Skill.objects.select_related("live_version"), pk=pk)
    version = get_object_or_404(SkillVersion.objects.ready(), skill=skill, number=number)
    if request.method == "POST":
        try:
            removal = services.delete_version(version, actor=request.user)
        except services.Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            text = _("Deleted {version}. Its number will not be reused.")
            messages.success(request, text.format(version=version))
            if warning := services.removal_warning(version, removal):
                messages.warning(request, warning)
        return redirect("admin:skills_registry_skill_change", skill.pk)
    title = _("Delete {version}").format(version=version)
    refusal = services.why_deleted(skill) or services.why_not_deletable(version)
    return page(request, "delete", title, skill=skill, version=version, refusal=refusal)


def _publication_message(publication: Publication) -> str:
    message = (
        _("{action}: {version} is live now.") if publication.version else _("{action}: agents no longer get {skill}.")
    )
    action = publication.get_action_display().capitalize()
    return message.format(action=action, version=publication.version, skill=publication.skill)


def _confirm(
    request: OperatorRequest,
    skill: Skill,
    version: SkillVersion | None,
    title: str,
    change: Callable[[str, int | None], str],
    *,
    refusal: str,
) -> HttpResponse:
    """Show what `change` will do or why it is refused; do it after the operator has confirmed."""
    live = skill.live_version

    def show(form: ChangeForm) -> HttpResponse:
        changes = compare_files(live.files, version.files) if live and version else None
        context = {
            "skill": skill,
            "live": live,
            "version": version,
            "changes": changes,
            "form": form,
            "refusal": refusal,
        }
        consequences = describe_impact(skill) if live and not version else []
        return page(request, "confirm", title, said=consequences, **context)

    return confirm_change(request, skill, change, show)
