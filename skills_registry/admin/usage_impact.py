"""What it means to whom when a skill is no longer served: how it is used, and what names it."""

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
"""Further rooms that know what depends on a skill; each yields sentences."""


def impact(skill: Skill) -> list[str]:
    """Sentences about what depends on a skill as it is served now."""
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
