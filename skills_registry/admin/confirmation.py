"""A change that is confirmed first: a GET says what will happen, a POST does it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.models import Skill

from .forms import ChangeForm
from .pages import OperatorRequest


def confirmed(
    request: OperatorRequest,
    skill: Skill,
    change: Callable[[str, int | None], str],
    show: Callable[[ChangeForm], HttpResponse],
) -> HttpResponse:
    """What `show` makes of the form; or do the change and go to the skill, where it says what came of it.

    `change` gets the reason and the number of the version that was live when the operator looked (None: none
    was), and returns what to tell.
    """
    live = skill.live_version
    form = ChangeForm(request.POST or None, initial={"expected_live": live.number if live else None})
    if request.method != "POST" or not form.is_valid():
        return show(form)
    try:
        told = change(form.cleaned_data["reason"], form.cleaned_data["expected_live"])
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        tell(request, skill, told)
    return redirect("admin:skills_registry_skill_change", skill.pk)


def tell(request: OperatorRequest, skill: Skill, told: str) -> None:
    """Tell what was done, and where that is so that gateways do not know of it yet."""
    if Skill.objects.get(pk=skill.pk).is_served:
        messages.success(request, told)
    else:
        messages.warning(request, _("Saved, but the gateways could not be notified yet: {told}").format(told=told))
