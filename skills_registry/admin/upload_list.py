"""The user's uploads that wait, each with what its review would say; all that can come in are created together.

Of several that hold the same skill, somebody chooses which come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import HttpResponse
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.findings.inspection import Inspection
from skills_registry.models import Skill, SkillVersion, Upload
from skills_registry.packages.package import Package
from skills_registry.packages.problems import Problem
from skills_registry.texts.render import render_problem

from .forms import NoteForm
from .pages import OperatorRequest, page, requires

LISTED_MAX = 50
SECONDS_AT_ONCE = 5.0
"""So long zips are inspected for one page; those that are left are inspected when it is opened again."""
REMEMBERED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Summary:
    """What the inspection of a zip found, without the contents; `name` and `digest` are "" where it is refused."""

    name: str
    digest: str
    errors: int
    warnings: int
    findings: int
    first_error: Problem | None
    mendable: bool = False

    @classmethod
    def of(cls, inspection: Inspection) -> Summary:
        """The summary of an inspection."""
        package, errors = inspection.package, inspection.errors
        return cls(
            package.manifest.name if package else "",
            package.digest if package else "",
            len(errors),
            len(inspection.warnings),
            len(inspection.findings),
            errors[0] if errors else None,
            inspection.mendable,
        )


@dataclass(frozen=True)
class Row:
    """An upload in the list: its `state`, and the version that it would become or is equal to."""

    upload: Upload
    state: str
    """`ok`, `warnings`, `refused`, `same`, `later` (not inspected yet) or `gone`."""
    summary: Summary | None = None
    number: int | None = None
    refusal: str = ""
    rivals: tuple[str, ...] = ()
    """The names of the other uploads in the list that hold the same skill with other contents."""

    @property
    def mendable(self) -> bool:
        """Whether it can come in once its SKILL.md is mended."""
        return self.state == "refused" and self.summary is not None and self.summary.mendable

    @property
    def creatable(self) -> bool:
        """Whether a version can be made of it."""
        return self.state in ("ok", "warnings")


@dataclass(frozen=True)
class Clash:
    """Several uploads that hold one skill, each with other contents."""

    name: str
    rows: list[Row]

    @property
    def field(self) -> str:
        """The form's field for what comes in: the key of an upload, or `all`."""
        return f"clash-{self.name}"

    @property
    def last_number(self) -> int | None:
        """The version that the last of them would be."""
        return self.rows[-1].number

    def chosen(self, given: str | None) -> list[Upload]:
        """The uploads that come in; none where nothing was chosen."""
        return [row.upload for row in self.rows if given in ("all", str(row.upload.pk))]


@dataclass(frozen=True)
class Result:
    """What became of an upload: the version that there is now, or why there is none."""

    upload: Upload
    version: SkillVersion | None
    text: str
    good: bool


@requires("upload_skill")
def upload_list(request: OperatorRequest) -> HttpResponse:
    """Show the uploads that wait; a POST creates versions of the chosen ones, and with `ask` asks for their reviews."""
    form = NoteForm(request.POST or None)
    results: list[Result] = []
    if request.method == "POST" and form.is_valid():
        results = list(_results(request, form.cleaned_data["note"]))
    waiting = list(Upload.objects.filter(uploaded_by=request.user).order_by("created_at")[:LISTED_MAX])
    rows = _with_rivals(list(_rows(waiting)))
    possible = [row for row in rows if row.creatable]
    return page(
        request, "upload_list", _("Your uploads"), rows=rows, possible=possible, results=results, form=form,
        clashes=_clashes(rows),
        unfinished=any(row.state == "later" for row in rows),
    )  # fmt: skip


def _chosen(request: OperatorRequest) -> list[Upload]:
    """The user's uploads that the form names, the oldest first."""
    keys = []
    for key in request.POST.getlist("upload")[:LISTED_MAX]:
        try:
            keys.append(UUID(key))
        except ValueError:
            continue
    return list(Upload.objects.filter(uploaded_by=request.user, pk__in=keys).order_by("created_at"))


def _clashes(rows: Iterable[Row]) -> list[Clash]:
    """Which of the uploads that can come in hold the same skill."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        if row.creatable and row.summary:
            by_name.setdefault(row.summary.name, []).append(row)
    return [Clash(name, found) for name, found in by_name.items() if len(found) > 1]


def _with_rivals(rows: list[Row]) -> list[Row]:
    """The rows, of which those that clash name the others."""
    names = {row.upload.pk: [one.upload for one in clash.rows] for clash in _clashes(rows) for row in clash.rows}
    return [
        replace(row, rivals=tuple(one.filename for one in names.get(row.upload.pk, []) if one != row.upload))
        for row in rows
    ]


def rivals(package: Package, others: Iterable[Upload]) -> list[str]:
    """The names of those other uploads that hold the same skill with other contents, as far as they were inspected."""
    known: dict[str, Any] = cache.get_many([_key(other) for other in others])
    return [
        other.filename
        for other in others
        if (summary := known.get(_key(other)))
        and summary.name == package.manifest.name
        and summary.digest != package.digest
    ]


def _results(request: OperatorRequest, note: str) -> Iterator[Result]:
    """Create what was chosen; of uploads that hold the same skill, those that were chosen among them."""
    rows = list(_rows(_chosen(request)))
    clashes = {row.upload.pk: clash for clash in _clashes(rows) for row in clash.rows}
    for row in rows:
        clash = clashes.get(row.upload.pk)
        wanted = clash.chosen(request.POST.get(clash.field)) if clash else [row.upload]
        if row.state == "later":
            yield Result(row.upload, None, _("It has not been inspected yet. Please try again."), good=False)
        elif row.upload in wanted:
            yield _created(request, row.upload, note)
        elif clash and not wanted:
            told = _("Several of these zips contain the skill %(name)s. Choose one.")
            yield Result(row.upload, None, told % {"name": clash.name}, good=False)


def _rows(uploads: Iterable[Upload]) -> Iterator[Row]:
    """The uploads in words; versions are counted in the order in which they would be created."""
    summaries = dict(_summaries(uploads))
    names = {summary.name for summary in summaries.values() if isinstance(summary, Summary) and summary.name}
    skills = {skill.name: skill for skill in Skill.objects.filter(name__in=names)}
    stored = _stored(skills.values())
    next_numbers = {name: skill.last_number for name, skill in skills.items()}
    for upload, summary in summaries.items():
        if not isinstance(summary, Summary):
            yield Row(upload, summary)
        elif not summary.name:
            refusal = render_problem(summary.first_error)["message"] if summary.first_error else ""
            yield Row(upload, "refused", summary, refusal=refusal)
        elif (skill := skills.get(summary.name)) and (refusal := services.why_absent(skill)):
            yield Row(upload, "refused", summary, refusal=refusal)
        elif number := stored.get((summary.name, summary.digest)):
            yield Row(upload, "same", summary, number)
        else:
            number = next_numbers[summary.name] = next_numbers.get(summary.name, 0) + 1
            stored[summary.name, summary.digest] = number
            yield Row(upload, "warnings" if summary.warnings or summary.findings else "ok", summary, number)


def _stored(skills: Iterable[Skill]) -> dict[tuple[str, str], int]:
    """The numbers of the versions of these skills, by name and digest."""
    versions = SkillVersion.objects.ready().filter(skill__in=[skill.pk for skill in skills])
    rows = versions.values_list("skill__name", "digest", "number")
    return {(name, digest): number for name, digest, number in rows}


def _summaries(uploads: Iterable[Upload]) -> Iterator[tuple[Upload, Summary | str]]:
    """Each upload with its summary, or `later` or `gone`; a zip never changes, so each is inspected once."""
    began = monotonic()
    for upload in uploads:
        key = _key(upload)
        summary: Summary | str | None = cache.get(key)
        if summary is None and monotonic() - began > SECONDS_AT_ONCE:
            summary = "later"
        elif summary is None:
            try:
                summary = Summary.of(services.inspect_upload(upload))
            except FileNotFoundError:
                summary = "gone"
            else:
                cache.set(key, summary, REMEMBERED_SECONDS)
        yield upload, summary


def _key(upload: Upload) -> str:
    return f"upload-summary-2:{upload.pk}"  # the number changes with the fields of Summary


def _created(request: OperatorRequest, upload: Upload, note: str) -> Result:
    """Make a version of an upload, and ask for its review where the form says so."""
    try:
        package = services.inspect_upload(upload).package
        if package is None:
            return Result(upload, None, _("Rejected. Open the upload to see why."), good=False)
        version, created = services.create_version(package, user=request.user, note=note)
    except FileNotFoundError:
        return Result(upload, None, _("This upload has expired. Please upload it again."), good=False)
    except (services.Conflict, services.StoreFailed) as failure:
        return Result(upload, None, str(failure), good=False)
    services.discard_upload(upload)
    if not created:
        return Result(
            upload, version, _("Already up to date: %(version)s has the same content.") % _named(version), True
        )
    return _asked(request, upload, version, note)


def _asked(request: OperatorRequest, upload: Upload, version: SkillVersion, note: str) -> Result:
    """The result for a new version, for which a review is asked where the form says so."""
    if "ask" not in request.POST:
        return Result(upload, version, _("Created %(version)s.") % _named(version), True)
    try:
        services.request_review(version, actor=request.user, comment=note)
    except services.Conflict as conflict:
        return Result(upload, version, str(conflict), good=False)
    return Result(upload, version, _("Created %(version)s and requested review.") % _named(version), True)


def _named(version: SkillVersion) -> dict[str, Any]:
    return {"version": version}
