"""The admin's first page: what needs somebody, how much is called, what is served where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from invocations import queries, supervision
from invocations.chart import chart
from invocations.recorder import recorder
from invocations.usage import Series, Use, failing, last_days, most_called
from mcp_gateway import replicas
from mcp_gateway.connecting import connection
from mcp_gateway.models import GatewayReplica
from skills_registry.models import CatalogHead, Publication, Skill, SkillVersion, SkillVersionQuerySet, Upload

DAYS = 30
WEEK = 7
SHOWN = 8
"""Rows of each list."""


@dataclass(frozen=True)
class Task:
    """Something that waits for somebody: how pressing (`bad`, `warn`, `info`), what, and where to go."""

    tone: str
    icon: str
    text: str
    href: str


@dataclass(frozen=True)
class Figure:
    """A number with its name and what it was before; `tone` says whether the change is good news."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    href: str = ""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first page shows, of that what the user may see."""
    user = request.user
    sees_skills, sees_calls = user.has_perm("skills_registry.view_skill"), user.has_perm("invocations.view_invocation")
    if sees_skills and not Skill.objects.present().exists():
        return {**context, **connection(), "first_run": True}
    recent = queries.uses(*last_days(WEEK)) if sees_skills and sees_calls else None
    series = queries.series(None, *last_days(2 * DAYS)) if sees_calls else None
    context["days"] = DAYS
    context["tasks"] = list(_tasks(user, recent or {})) if sees_skills else []
    if sees_calls:
        context["away"] = series is None
    if series:
        context |= {"figures": _figures(series), "chart": chart(series.between(*last_days(DAYS)))}
    if sees_skills:
        context |= _skills(recent)
        context["publications"] = Publication.objects.select_related("skill", "version", "actor")[:SHOWN]
        context["replicas"] = list(_replicas())
    return context


def _tasks(user: User | AnonymousUser, recent: dict[str, Use]) -> Iterator[Task]:
    """What waits, the most pressing first; `recent` are the calls of a week."""
    yield from _background()
    skills = reverse("admin:skills_registry_skill_changelist")
    pending = list(Skill.objects.pending().only("generation", "served_generation", "unserved_since", "updated_at"))
    yield from _not_served(pending, f"{skills}?pending=1")
    for share in failing(recent, SHOWN):
        text = gettext("%(name)s fails: %(errors)d of %(calls)d calls in %(days)d days")
        values = {"name": share.name, "errors": share.use.errors, "calls": share.use.calls, "days": WEEK}
        query = urlencode({"skill": share.name, "status": "error"})
        yield Task("bad", "error", text % values, f"{reverse('admin:invocations_invocation_changelist')}?{query}")
    yield from _not_stored(pending, f"{skills}?pending=1")
    if user.has_perm("skills_registry.upload_skill") and (number := Upload.objects.open_to(user).count()):
        text = ngettext("%(number)d upload waits for its review", "%(number)d uploads wait for their review", number)
        yield Task("info", "upload", text % {"number": number}, reverse("admin:skills_registry_upload"))
    if user.has_perm("skills_registry.publish_skill"):
        yield from _reviews(gettext("%s waits for a review"), SkillVersion.objects.waiting_for_review())
    sent_back = SkillVersion.objects.waiting().filter(uploaded_by=user.pk, review=SkillVersion.Review.SENT_BACK)
    yield from _reviews(gettext("%s was sent back to you"), sent_back)
    if number := Skill.objects.filter(live_version__isnull=False).exclude(live_version__findings=[]).count():
        text = ngettext("%(number)d live skill has findings", "%(number)d live skills have findings", number)
        yield Task("info", "policy", text % {"number": number}, f"{skills}?findings=1")


def _background() -> Iterator[Task]:
    """What goes wrong in the background of the process that shows the page."""
    address = reverse("readyz")
    for part in supervision.report():
        if part.failing_since is not None:
            text = gettext("%(name)s fails in this process (%(error)s); it was started again %(number)d times")
            values = {"name": part.name, "error": part.last_error, "number": part.restarts}
            yield Task("bad", "error", text % values, address)
        elif part.silent:
            yield Task("bad", "error", gettext("%s gives no sign of life in this process") % part.name, address)
    state = recorder.state
    if number := state.dropped:
        text = ngettext(
            "%(number)d call could not be logged and is lost",
            "%(number)d calls could not be logged and are lost",
            number,
        )
        yield Task("bad", "error", text % {"number": number}, address)
    if number := state.set_aside:
        text = ngettext(
            "%(number)d file in spool/rejected holds what could not be logged",
            "%(number)d files in spool/rejected hold what could not be logged",
            number,
        )
        yield Task("warn", "report", text % {"number": number}, address)
    if state.in_memory_alone:
        text = gettext("Calls that are not logged yet are in memory alone: their folder cannot be written")
        yield Task("bad", "error", text, address)


def _not_served(pending: Sequence[Skill], href: str) -> Iterator[Task]:
    """The alarm: gateways may still serve what was withdrawn."""
    since = [skill.pending_since for skill in pending if skill.pending_since]
    if since:
        text = ngettext(
            "%(number)d change is not in effect at the gateways, since %(since)s",
            "%(number)d changes are not in effect at the gateways, since %(since)s",
            len(since),
        )
        values = {"number": len(since), "since": date_format(timezone.localtime(min(since)), "DATETIME_FORMAT")}
        yield Task("bad", "error", text % values, href)


def _not_stored(pending: Sequence[Skill], href: str) -> Iterator[Task]:
    if number := sum(skill.is_served for skill in pending):
        text = ngettext(
            "%(number)d change has not reached the package store yet",
            "%(number)d changes have not reached the package store yet",
            number,
        )
        yield Task("warn", "sync_problem", text % {"number": number}, href)


def _reviews(text: str, versions: SkillVersionQuerySet) -> Iterator[Task]:
    found = list(versions.select_related("skill").only("number", "skill__name")[: SHOWN + 1])
    for version in found[:SHOWN]:
        address = reverse("admin:skills_registry_version_review", args=[version.skill_id, version.number])
        yield Task("info", "rate_review", text % version, address)
    if len(found) > SHOWN:
        yield Task("info", "rate_review", gettext("All reviews"), reverse("admin:skills_registry_reviews"))


def _figures(series: Series) -> list[Figure]:
    today, yesterday = series.uses[-1], series.uses[-2]
    week, before = (_sum(series.uses[-WEEK:]), _sum(series.uses[-2 * WEEK : -WEEK]))
    log = reverse("admin:invocations_invocation_changelist")
    return [
        Figure(gettext("Calls today"), f"{today.calls:,}", gettext("%d yesterday") % yesterday.calls, href=log),
        Figure(
            gettext("Failed today"),
            f"{today.errors:,}",
            gettext("%(rate)s; %(before)s yesterday") % {"rate": _percent(today), "before": _percent(yesterday)},
            "down" if today.error_rate > yesterday.error_rate else "",
            f"{log}?status=error",
        ),
        Figure(gettext("Calls in 7 days"), f"{week.calls:,}", _change(week.calls, before.calls)),
        Figure(
            gettext("Failed in 7 days"),
            _percent(week),
            gettext("%s in the 7 days before") % _percent(before),
            "down" if week.error_rate > before.error_rate else "up" if week.error_rate < before.error_rate else "",
        ),
    ]


def _sum(uses: tuple[Use, ...]) -> Use:
    return Use(sum(use.calls for use in uses), sum(use.errors for use in uses))


def _percent(use: Use) -> str:
    return f"{use.error_rate:.1%}"


def _change(now: int, before: int) -> str:
    if not before:
        return gettext("none in the 7 days before")
    return gettext("%s on the 7 days before") % f"{(now - before) / before:+.0%}"


def _skills(recent: dict[str, Use] | None) -> dict[str, Any]:
    """How many skills there are, the most called ones of a week, and the live ones that nobody calls."""
    live = dict(Skill.objects.filter(live_version__isnull=False).values_list("name", "pk"))
    shown: dict[str, Any] = {"live_count": len(live), "skill_count": Skill.objects.present().count()}
    if recent is None:
        return shown
    called = most_called({name: use for name, use in recent.items() if name in live}, SHOWN)
    lately = queries.called_since(last_days(DAYS)[0])
    idle = [] if lately is None else sorted(live.keys() - lately)
    return {
        **shown,
        "week": WEEK,
        "top": [(live[share.name], share, 100 * share.use.calls // called[0].use.calls) for share in called],
        "unused": [(live[name], name) for name in idle[:SHOWN]],
        "unused_count": len(idle),
    }


def _replicas() -> Iterator[tuple[GatewayReplica, str]]:
    """Each process that serves, with what there is to say of it: `starting`, `current`, `behind` or `silent`."""
    head = CatalogHead.objects.values_list("generation", flat=True).first() or 0
    for replica in replicas.listed():
        yield replica, _state(replica, head)


def _state(replica: GatewayReplica, head: int) -> str:
    if replica.is_silent:
        return "silent"
    if replica.generation is None:
        return "starting"
    return "current" if replica.generation >= head else "behind"
