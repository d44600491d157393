"""Changes that must be confirmed: a GET shows what will happen, a POST does it."""

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


def confirm_change(
    request: OperatorRequest,
    skill: Skill,
    change: Callable[[str, int | None], str],
    show: Callable[[ChangeForm], HttpResponse],
) -> HttpResponse:
    """Render the form with `show`; or, after a valid POST, do the change and redirect to the skill.

    `change` gets the reason and the number of the version that was live when the operator saw the page
    (None: no live version), and returns the message to show.
    """
    live = skill.live_version
    form = ChangeForm(request.POST or None, initial={"expected_live": live.number if live else None})
    if request.method != "POST" or not form.is_valid():
        return show(form)
    try:
        message = change(form.cleaned_data["reason"], form.cleaned_data["expected_live"])
    except services.Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        show_outcome(request, skill, message)
    return redirect("admin:skills_registry_skill_change", skill.pk)


def show_outcome(request: OperatorRequest, skill: Skill, text: str) -> None:
    """Show a success message, or a warning if the change is not in effect at the gateways yet."""
    if Skill.objects.get(pk=skill.pk).is_served:
        messages.success(request, text)
    else:
        messages.warning(request, _("Saved, but the gateways could not be notified yet: {told}").format(told=text))
