"""The admin's home page: tasks, usage and gateway state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from invocations import queries
from invocations.pages.periods import Period, chart_period
from invocations.usage import Series, Use, last_days, most_called
from mcp_gateway import replicas
from mcp_gateway.client_setup import connection_settings
from mcp_gateway.models import GatewayReplica
from skills_registry.models import CatalogHead, Publication, Skill

from .tasks import tasks

IDLE_DAYS = 30
"""A skill without calls for this many days is listed as unused."""
WEEK = 7
SHOWN = 8
"""Maximum rows of each list."""


@dataclass(frozen=True)
class Figure:
    """A figure with its label and previous value; `tone` is "up" (better), "down" (worse) or ""."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    href: str = ""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the user may see to the template context of the home page."""
    user = request.user
    sees_skills, sees_calls = user.has_perm("skills_registry.view_skill"), user.has_perm("invocations.view_invocation")
    if sees_skills and not Skill.objects.not_deleted().exists():
        return {**context, **connection_settings(), "first_run": True}
    recent = queries.uses(*last_days(WEEK)) if sees_skills and sees_calls else None
    if sees_calls:
        context |= _calls(Period.parse(request.GET.get("days", "")))
    if sees_skills:
        live = dict(Skill.objects.filter(live_version__isnull=False).values_list("name", "pk"))
        called = {name: use for name, use in (recent or {}).items() if name in live}
        context |= _skills(live, called if recent is not None else None)
        context["tasks"] = list(tasks(user, called, WEEK))
        context["publications"] = Publication.objects.select_related("skill", "version", "actor")[:SHOWN]
        context["gateways"] = _gateways()
    return context


def _calls(period: Period) -> dict[str, Any]:
    """Return the figures and the chart of a period."""
    series = queries.series(None, *last_days(max(period.days, 2 * WEEK)))
    chart = chart_period(period, None, series)
    if series is None or chart is None:
        return {"away": True}
    return {"figures": _figures(series), "chart": chart, "period": period}


def _figures(series: Series) -> list[Figure]:
    today, yesterday = series.uses[-1], series.uses[-2]
    week, before = (_sum(series.uses[-WEEK:]), _sum(series.uses[-2 * WEEK : -WEEK]))
    log = reverse("admin:invocations_invocation_changelist")
    return [
        Figure(
            gettext("Calls today"), intcomma(today.calls), gettext("%s yesterday") % intcomma(yesterday.calls), href=log
        ),
        Figure(
            gettext("Failed today"),
            intcomma(today.errors),
            gettext("%(rate)s; %(before)s yesterday") % {"rate": _percent(today), "before": _percent(yesterday)},
            "down" if today.error_rate > yesterday.error_rate else "",
            f"{log}?status=error",
        ),
        Figure(gettext("Calls in 7 days"), intcomma(week.calls), _change(week.calls, before.calls)),
        Figure(
            gettext("Failed in 7 days"),
            _percent(week),
            gettext("%s in the previous 7 days") % _percent(before),
            "down" if week.error_rate > before.error_rate else "up" if week.error_rate < before.error_rate else "",
        ),
    ]


def _sum(uses: tuple[Use, ...]) -> Use:
    return Use(sum(use.calls for use in uses), sum(use.errors for use in uses))


def _percent(use: Use) -> str:
    return f"{use.error_rate:.1%}"


def _change(now: int, before: int) -> str:
    if not before:
        return gettext("none in the previous 7 days")
    return gettext("%s compared with the previous 7 days") % f"{(now - before) / before:+.0%}"


def _skills(live: dict[str, int], recent: dict[str, Use] | None) -> dict[str, Any]:
    """Return the number of skills, the most called of the week, and the unused live ones."""
    shown: dict[str, Any] = {"live_count": len(live), "skill_count": Skill.objects.not_deleted().count()}
    if recent is None:
        return shown
    called = most_called(recent, SHOWN)
    lately = queries.called_since(last_days(IDLE_DAYS)[0])
    idle = [] if lately is None else sorted(live.keys() - lately)
    return {
        **shown,
        "week": WEEK,
        "idle_days": IDLE_DAYS,
        "top": [(live[share.name], share, 100 * share.use.calls // called[0].use.calls) for share in called],
        "unused": [(live[name], name) for name in idle[:SHOWN]],
        "unused_count": len(idle),
    }


@dataclass(frozen=True)
class Gateway:
    """A gateway process and its state: `starting`, `serving`, `behind` or `silent`."""

    replica: GatewayReplica
    head: int
    """The current catalog generation."""

    @property
    def state(self) -> str:
        """`starting`: no catalog loaded yet. `behind`: it last reported an older generation."""
        if self.replica.is_silent:
            return "silent"
        if self.replica.generation is None:
            return "starting"
        return "serving" if self.replica.generation >= self.head else "behind"


def _gateways() -> list[Gateway]:
    head = CatalogHead.objects.values_list("generation", flat=True).first() or 0
    return [Gateway(replica, head) for replica in replicas.list_replicas()]
