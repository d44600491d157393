"""Tasks on the admin's home page. Users see only tasks that they can act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from invocations.recording.recorder import recorder
from invocations.resilience import supervision
from invocations.usage import Use, failing
from skills_registry.models import Skill, SkillQuerySet, SkillVersion, SkillVersionQuerySet, Upload

SHOWN = 8
"""Maximum tasks of one kind."""


@dataclass(frozen=True)
class Task:
    """Something to do: urgency (`bad`, `warn`, `info`), text, and link."""

    tone: str
    icon: str
    text: str
    href: str


@dataclass(frozen=True)
class Duties:
    """The kinds of tasks that a user can act on."""

    operates: bool
    """Operates the installation: superusers and administrators."""
    publishes: bool
    uploads: bool

    @classmethod
    def of(cls, user: User | AnonymousUser) -> Duties:
        """Derive them from the user's permissions."""
        may = {name: user.has_perm(f"skills_registry.{name}_skill") for name in ("administer", "publish", "upload")}
        return cls(may["administer"], may["publish"], may["upload"])


def tasks(user: User | AnonymousUser, recent: Mapping[str, Use], days: int) -> Iterator[Task]:
    """Yield the user's tasks, most urgent first; `recent` is the use per skill in the last `days` days."""
    duties = Duties.of(user)
    improves = duties.publishes or duties.uploads
    pending = list(_pending()) if duties.publishes or duties.operates else []
    if duties.operates:
        yield from _background()
    yield from _unserved_changes(pending)
    if improves:
        yield from _failing(recent, days)
    if duties.operates:
        yield from _unstored_changes(pending)
    if duties.uploads:
        yield from _uploads(user)
    if duties.publishes:
        waiting = SkillVersion.objects.waiting_for_review().exclude(uploaded_by=user.pk)
        yield from _reviews(gettext("%s is waiting for review"), waiting)
    if duties.uploads:
        sent_back = SkillVersion.objects.waiting().filter(uploaded_by=user.pk, review=SkillVersion.Review.SENT_BACK)
        yield from _reviews(gettext("%s was sent back to you"), sent_back)
    if improves:
        yield from _findings()


def _pending() -> SkillQuerySet:
    return Skill.objects.pending().only("generation", "served_generation", "unserved_since", "updated_at")


def _failing(recent: Mapping[str, Use], days: int) -> Iterator[Task]:
    least, rate = settings.ALARM_LEAST_CALLS, settings.ALARM_FAILED_PERCENT / 100
    for share in failing(recent, SHOWN, least_calls=least, rate=rate):
        text = gettext("%(name)s is failing: %(errors)s of %(calls)s calls in the last %(days)d days")
        use = share.use
        values = {"name": share.name, "errors": intcomma(use.errors), "calls": intcomma(use.calls), "days": days}
        query = urlencode({"skill": share.name, "status": "error", "exact": "on"})
        yield Task("bad", "error", text % values, f"{reverse('admin:invocations_invocation_changelist')}?{query}")


def _uploads(user: User | AnonymousUser) -> Iterator[Task]:
    if number := Upload.objects.accessible_to(user).count():
        text = ngettext("%(number)d upload to inspect", "%(number)d uploads to inspect", number)
        yield Task("info", "upload", text % {"number": number}, reverse("admin:skills_registry_upload"))


def _findings() -> Iterator[Task]:
    if number := Skill.objects.filter(live_version__isnull=False).exclude(live_version__findings=[]).count():
        text = ngettext("%(number)d live skill has findings", "%(number)d live skills have findings", number)
        yield Task("info", "policy", text % {"number": number}, f"{_skills()}?findings=1")


def _skills() -> str:
    return reverse("admin:skills_registry_skill_changelist")


def _background() -> Iterator[Task]:
    """Yield background failures of the process that renders the page."""
    address = reverse("readyz")
    for part in supervision.report():
        if part.failing_since is not None:
            text = gettext("%(name)s keeps failing in this process (%(error)s); restarts: %(number)d")
            values = {"name": part.name, "error": part.last_error, "number": part.restarts}
            yield Task("bad", "error", text % values, address)
        elif part.silent:
            yield Task("bad", "error", gettext("%s is not responding in this process") % part.name, address)
    state = recorder.state
    if number := state.dropped:
        text = ngettext(
            "%(number)d call was lost because it could not be logged",
            "%(number)d calls were lost because they could not be logged",
            number,
        )
        yield Task("bad", "error", text % {"number": number}, address)
    if number := state.set_aside:
        text = ngettext(
            "%(number)d file in spool/rejected contains calls that could not be logged",
            "%(number)d files in spool/rejected contain calls that could not be logged",
            number,
        )
        yield Task("warn", "report", text % {"number": number}, address)
    if state.in_memory_only:
        text = gettext("New calls are kept only in memory because the spool folder is not writable")
        yield Task("bad", "error", text, address)


def _unserved_changes(pending: Sequence[Skill]) -> Iterator[Task]:
    """Yield the alarm for pending changes: gateways may still serve what was withdrawn."""
    since = [skill.pending_since for skill in pending if skill.pending_since]
    if since:
        text = ngettext(
            "%(number)d change has not reached the gateways since %(since)s",
            "%(number)d changes have not reached the gateways since %(since)s",
            len(since),
        )
        values = {"number": len(since), "since": date_format(timezone.localtime(min(since)), "DATETIME_FORMAT")}
        yield Task("bad", "error", text % values, f"{_skills()}?pending=1")


def _unstored_changes(pending: Sequence[Skill]) -> Iterator[Task]:
    if number := sum(skill.is_served for skill in pending):
        text = ngettext(
            "%(number)d change has not reached the package store yet",
            "%(number)d changes have not reached the package store yet",
            number,
        )
        yield Task("warn", "sync_problem", text % {"number": number}, f"{_skills()}?pending=1")


def _reviews(text: str, versions: SkillVersionQuerySet) -> Iterator[Task]:
    found = list(versions.select_related("skill").only("number", "skill__name")[: SHOWN + 1])
    for version in found[:SHOWN]:
        address = reverse("admin:skills_registry_version_review", args=[version.skill_id, version.number])
        yield Task("info", "rate_review", text % version, address)
    if len(found) > SHOWN:
        yield Task("info", "rate_review", gettext("All reviews"), reverse("admin:skills_registry_reviews"))
