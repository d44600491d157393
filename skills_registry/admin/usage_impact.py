"""The impact of no longer serving a skill: how often it is called, and what refers to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from invocations import queries
from invocations.usage import last_days
from skills_registry.models import Skill

DAYS = 30

sources: list[Callable[[Skill], Iterator[str]]] = []
"""Functions of other apps that yield sentences about what depends on a skill."""


def describe_impact(skill: Skill) -> list[str]:
    """Sentences about what depends on a skill that is served."""
    return [*_calls(skill), *(text for source in sources for text in source(skill))]


def _calls(skill: Skill) -> Iterator[str]:
    series = queries.series([skill.name], *last_days(DAYS))[skill.name]
    if series is None:
        yield _("Its number of calls is unavailable.")
        return
    calls = series.total.calls
    if not calls:
        yield _("It was not called in the last %(days)d days.") % {"days": DAYS}
        return
    text = ngettext(
        "It was called %(calls)s time in the last %(days)d days.",
        "It was called %(calls)s times in the last %(days)d days.",
        calls,
    )
    yield text % {"calls": intcomma(calls), "days": DAYS}
