"""The list of skills with their usage. The number of queries does not grow with the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.utils.translation import gettext as _

from invocations import queries
from invocations.pages.chart import Chart, chart
from invocations.queries import Totals, Use
from invocations.usage import last_days
from skills_registry.models import Skill

from .pages import OperatorRequest, page, requires
from .skill_filters import SkillListForm

DAYS = 30
PER_PAGE = 25
_NEVER = Use()
_RANKS: dict[str, Callable[[Use], tuple[float, ...]]] = {
    "-calls": lambda use: (-use.calls,),
    "-errors": lambda use: (-use.error_rate, -use.errors),
}
"""The sort key of each sort order by usage."""


@dataclass(frozen=True)
class Row:
    """A skill (read `with_summary`) and its usage; None if the log is unavailable."""

    skill: Skill
    chart: Chart | None
    totals: Totals | None

    @property
    def use(self) -> Use | None:
        """The calls of the last DAYS days."""
        return self.chart.series.total if self.chart else None

    @property
    def error_percent(self) -> float | None:
        """The percentage of failed calls; None without calls."""
        return 100 * self.use.error_rate if self.use and self.use.calls else None


@requires("view_skill")
def skill_list(request: OperatorRequest) -> HttpResponse:
    """Show a page of the skills that match the filter."""
    form = SkillListForm(request.GET)
    found, away = _find_keys(form) if form.is_valid() else ([], False)
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return page(
        request,
        "skill_list",
        _("Skills"),
        form=form,
        rows=list(_build_rows(shown)),
        shown=shown,
        query=query.urlencode(),
        filtered=bool(form.errors) or form.filtered,
        away=away,
        days=DAYS,
    )


def _find_keys(form: SkillListForm) -> tuple[list[int], bool]:
    """The primary keys of matching skills in order, and whether a log needed for that is unavailable."""
    order, unused = form.cleaned_data["o"], form.cleaned_data["unused"]
    skills = list(form.matching_skills().values_list("pk", "name"))
    if order == "-name":
        skills.reverse()
    away = False
    if unused:
        called = queries.called_since(last_days(DAYS)[0])
        away = called is None
        skills = [skill for skill in skills if skill[1] not in (called or ())]
    elif rank := _RANKS.get(order):
        uses = queries.uses(*last_days(DAYS))
        away = uses is None
        skills.sort(key=lambda skill: rank((uses or {}).get(skill[1], _NEVER)))
    return [pk for pk, _name in skills], away


def _build_rows(shown: Page[int]) -> Iterator[Row]:
    """Yield the rows of a page. The calls of all its skills are read at once."""
    keys = list(shown)
    skills = Skill.objects.with_summary().with_description().defer("live_version__files", "live_version__frontmatter")
    found = skills.in_bulk(keys)
    names = [skill.name for skill in found.values()]
    series, totals = queries.series(names, *last_days(DAYS)), queries.totals(names)
    for key in keys:
        if skill := found.get(key):
            days = series[skill.name]
            yield Row(skill, chart(days) if days else None, totals[skill.name])
