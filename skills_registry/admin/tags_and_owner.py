"""Set the tags and the owner of a skill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.models import Skill

from .confirmation import show_outcome
from .forms import OwnerForm, TagsForm
from .pages import OperatorRequest, page, requires


@requires("publish_skill")
def tags(request: OperatorRequest, pk: int) -> HttpResponse:
    """Replace a skill's tags."""
    skill = get_object_or_404(Skill, pk=pk)
    form = TagsForm(request.POST or None, initial={"tags": " ".join(skill.tags)})

    def change(data: dict[str, Any]) -> str:
        services.set_tags(skill, data["tags"], actor=request.user, reason=data["reason"])
        return _("Tags saved.")

    title = _("Tags of {skill}").format(skill=skill)
    lead = _("Tags group skills and can limit access tokens. A change here affects those tokens immediately.")
    return _handle_form(request, skill, form, change, title=title, lead=lead)


@requires("administer_skill")
def owner(request: OperatorRequest, pk: int) -> HttpResponse:
    """Set or clear a skill's owner."""
    skill = get_object_or_404(Skill, pk=pk)
    form = OwnerForm(skill, request.POST or None)

    def change(data: dict[str, Any]) -> str:
        services.set_owner(skill, data["owner"], actor=request.user, reason=data["reason"])
        return _("Owner saved.")

    title = _("Owner of {skill}").format(skill=skill)
    lead = _("The owner is the contact for questions about the skill. Being the owner grants no permissions.")
    return _handle_form(request, skill, form, change, title=title, lead=lead)


def _handle_form(
    request: OperatorRequest,
    skill: Skill,
    form: forms.Form,
    change: Callable[[dict[str, Any]], str],
    *,
    title: str,
    lead: str,
) -> HttpResponse:
    """Show the form; or, after a valid POST, do the change and redirect to the skill with a message."""
    if request.method != "POST" or not form.is_valid():
        return page(request, "label", title, skill=skill, form=form, lead=lead, refusal=services.why_deleted(skill))
    try:
        show_outcome(request, skill, change(form.cleaned_data))
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect("admin:skills_registry_skill_change", skill.pk)
