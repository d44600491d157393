"""The usage of a skill: calls by day, latencies, clients and callers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from invocations import queries
from invocations.pages.cursors import call_cursor
from invocations.pages.periods import Period, chart_period
from invocations.usage import Share, last_days
from skills_registry.models import Skill

from .pages import OperatorRequest, requires
from .skill_page import render_skill_view

SHARES_SHOWN, CALLS_SHOWN = 8, 10


@requires("view_skill")
def usage(request: OperatorRequest, pk: int) -> HttpResponse:
    """Show calls and errors by day, latencies, versions, clients, callers, and the newest calls."""
    if not request.user.has_perm("invocations.view_invocation"):
        raise PermissionDenied
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    period = Period.parse(request.GET.get("days", ""))
    days = queries.series([skill.name], *last_days(period.days))[skill.name]
    chart = chart_period(period, skill.name, days)
    used = queries.usage(skill.name, period.since)
    context: dict[str, Any] = {"period": period}
    if chart is None or used is None:
        return render_skill_view(request, "usage", skill, away=True, **context)
    total = chart.series.total
    latest = queries.calls(queries.CallFilter(skill=skill.name), limit=CALLS_SHOWN).calls
    return render_skill_view(
        request, "usage", skill,
        chart=chart,
        total=total,
        error_rate=f"{total.error_rate:.1%}" if total.calls else "-",
        used=used,
        p50=_milliseconds(used.p50),
        p95=_milliseconds(used.p95),
        p99=_milliseconds(used.p99),
        parts=[
            _shares_context(_("By version"), skill, "version", used.versions),
            _shares_context(_("By client"), skill, "client", used.clients),
            _shares_context(_("By caller"), skill, "caller", used.callers),
        ],
        rows=[(call, call_cursor(call)) for call in latest],
        **context,
    )  # fmt: skip


def _shares_context(title: str, skill: Skill, field: str, shares: Sequence[Share]) -> dict[str, Any]:
    """The largest shares of the calls, each with the query string that shows its calls in the log."""
    most = max((share.use.calls for share in shares), default=0)
    listed = [
        {
            "share": share,
            "percent": 100 * share.use.calls // most,
            "log": urlencode({"skill": skill.name, "exact": "on", field: _filter_value(field, share.name)}),
        }
        for share in shares[:SHARES_SHOWN]
    ]
    return {"title": title, "listed": listed, "others": len(shares) - len(listed)}


def _filter_value(field: str, name: str) -> str:
    """The value of the log's filter for the name of a share."""
    return name.removeprefix("v") if field == "version" else name


def _milliseconds(duration: float | None) -> str:
    return "-" if duration is None else f"{duration:,.1f} ms"
