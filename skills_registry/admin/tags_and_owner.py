"""What operators say of a skill: its tags, and whom to ask about it."""

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

from .confirmation import tell
from .forms import OwnerForm, TagsForm
from .pages import OperatorRequest, page, requires


@requires("publish_skill")
def tags(request: OperatorRequest, pk: int) -> HttpResponse:
    """Replace a skill's tags."""
    skill = get_object_or_404(Skill, pk=pk)
    form = TagsForm(request.POST or None, initial={"tags": " ".join(skill.tags)})

    def change(given: dict[str, Any]) -> str:
        services.set_tags(skill, given["tags"], actor=request.user, reason=given["reason"])
        return _("Tags saved.")

    title = _("Tags of {skill}").format(skill=skill)
    lead = _("Tags group skills and can limit access tokens. A change here affects those tokens immediately.")
    return _changed(request, skill, form, change, title=title, lead=lead)


@requires("administer_skill")
def owner(request: OperatorRequest, pk: int) -> HttpResponse:
    """Say whom to ask about a skill."""
    skill = get_object_or_404(Skill, pk=pk)
    form = OwnerForm(skill, request.POST or None)

    def change(given: dict[str, Any]) -> str:
        services.set_owner(skill, given["owner"], actor=request.user, reason=given["reason"])
        return _("Owner saved.")

    title = _("Owner of {skill}").format(skill=skill)
    lead = _("The owner is the contact for questions about the skill. Being the owner grants no permissions.")
    return _changed(request, skill, form, change, title=title, lead=lead)


def _changed(
    request: OperatorRequest,
    skill: Skill,
    form: forms.Form,
    change: Callable[[dict[str, Any]], str],
    *,
    title: str,
    lead: str,
) -> HttpResponse:
    """Ask, or do what was filled in and go to the skill, where it says what came of it."""
    if request.method != "POST" or not form.is_valid():
        return page(request, "label", title, skill=skill, form=form, lead=lead, refusal=services.why_absent(skill))
    try:
        tell(request, skill, change(form.cleaned_data))
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect("admin:skills_registry_skill_change", skill.pk)
