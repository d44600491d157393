"""The user's staged uploads with their inspections, and versions created from several of them at once.

If several uploads contain the same skill, the user chooses which become versions.
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
"""Time to inspect zips for one page; the rest are inspected when it is opened again."""
SUMMARY_CACHE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Summary:
    """The inspection of a zip without its contents; `name` and `digest` are "" if it is refused."""

    name: str
    digest: str
    errors: int
    warnings: int
    findings: int
    first_error: Problem | None
    mendable: bool = False

    @classmethod
    def of(cls, inspection: Inspection) -> Summary:
        """Summarize an inspection."""
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
    """An upload in the list; `number` is the version that it would become or is identical to."""

    upload: Upload
    state: str
    """`ok`, `warnings`, `refused`, `same`, `later` (not inspected yet) or `gone`."""
    summary: Summary | None = None
    number: int | None = None
    refusal: str = ""
    rivals: tuple[str, ...] = ()
    """The file names of other uploads in the list with the same skill and different contents."""

    @property
    def mendable(self) -> bool:
        """Whether it would be accepted after mending its SKILL.md."""
        return self.state == "refused" and self.summary is not None and self.summary.mendable

    @property
    def creatable(self) -> bool:
        """Whether a version can be created from it."""
        return self.state in ("ok", "warnings")


@dataclass(frozen=True)
class Clash:
    """Several uploads with the same skill and different contents."""

    name: str
    rows: list[Row]

    @property
    def field(self) -> str:
        """The form field for the choice: the primary key of an upload, or `all`."""
        return f"clash-{self.name}"

    @property
    def last_number(self) -> int | None:
        """The number of the version that the last upload would become."""
        return self.rows[-1].number

    def selected(self, choice: str | None) -> list[Upload]:
        """The uploads to create; none if nothing was chosen."""
        return [row.upload for row in self.rows if choice in ("all", str(row.upload.pk))]


@dataclass(frozen=True)
class Result:
    """The result for an upload: its version, or why there is none."""

    upload: Upload
    version: SkillVersion | None
    text: str
    good: bool


@requires("upload_skill")
def upload_list(request: OperatorRequest) -> HttpResponse:
    """Show the staged uploads. A POST creates versions from the selected ones; `ask` requests their reviews."""
    form = NoteForm(request.POST or None)
    results: list[Result] = []
    if request.method == "POST" and form.is_valid():
        results = list(_create_selected(request, form.cleaned_data["note"]))
    waiting = list(Upload.objects.filter(uploaded_by=request.user).order_by("created_at")[:LISTED_MAX])
    rows = _with_rivals(list(_build_rows(waiting)))
    possible = [row for row in rows if row.creatable]
    return page(
        request, "upload_list", _("Your uploads"), rows=rows, possible=possible, results=results, form=form,
        clashes=_clashes(rows),
        unfinished=any(row.state == "later" for row in rows),
    )  # fmt: skip


def _selected_uploads(request: OperatorRequest) -> list[Upload]:
    """The user's uploads selected in the form, oldest first."""
    keys = []
    for key in request.POST.getlist("upload")[:LISTED_MAX]:
        try:
            keys.append(UUID(key))
        except ValueError:
            continue
    return list(Upload.objects.filter(uploaded_by=request.user, pk__in=keys).order_by("created_at"))


def _clashes(rows: Iterable[Row]) -> list[Clash]:
    """Group the creatable uploads that contain the same skill."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        if row.creatable and row.summary:
            by_name.setdefault(row.summary.name, []).append(row)
    return [Clash(name, found) for name, found in by_name.items() if len(found) > 1]


def _with_rivals(rows: list[Row]) -> list[Row]:
    """Add to each clashing row the names of the others."""
    names = {row.upload.pk: [one.upload for one in clash.rows] for clash in _clashes(rows) for row in clash.rows}
    return [
        replace(row, rivals=tuple(one.filename for one in names.get(row.upload.pk, []) if one != row.upload))
        for row in rows
    ]


def rivals(package: Package, others: Iterable[Upload]) -> list[str]:
    """The names of other uploads with the same skill and different contents, among those already inspected."""
    summaries: dict[str, Any] = cache.get_many([_cache_key(other) for other in others])
    return [
        other.filename
        for other in others
        if (summary := summaries.get(_cache_key(other)))
        and summary.name == package.manifest.name
        and summary.digest != package.digest
    ]


def _create_selected(request: OperatorRequest, note: str) -> Iterator[Result]:
    """Create versions from the selected uploads; for a clash, from those chosen in it."""
    rows = list(_build_rows(_selected_uploads(request)))
    clashes = {row.upload.pk: clash for clash in _clashes(rows) for row in clash.rows}
    for row in rows:
        clash = clashes.get(row.upload.pk)
        selected = clash.selected(request.POST.get(clash.field)) if clash else [row.upload]
        if row.state == "later":
            yield Result(row.upload, None, _("It has not been inspected yet. Please try again."), good=False)
        elif row.upload in selected:
            yield _create_version(request, row.upload, note)
        elif clash and not selected:
            text = _("Several of these zips contain the skill %(name)s. Choose one.")
            yield Result(row.upload, None, text % {"name": clash.name}, good=False)


def _build_rows(uploads: Iterable[Upload]) -> Iterator[Row]:
    """Yield a row per upload. Version numbers assume that the uploads are created in this order."""
    summaries = dict(_summaries(uploads))
    names = {summary.name for summary in summaries.values() if isinstance(summary, Summary) and summary.name}
    skills = {skill.name: skill for skill in Skill.objects.filter(name__in=names)}
    stored = _stored_numbers(skills.values())
    next_numbers = {name: skill.last_number for name, skill in skills.items()}
    for upload, summary in summaries.items():
        if not isinstance(summary, Summary):
            yield Row(upload, summary)
        elif not summary.name:
            refusal = render_problem(summary.first_error)["message"] if summary.first_error else ""
            yield Row(upload, "refused", summary, refusal=refusal)
        elif (skill := skills.get(summary.name)) and (refusal := services.why_deleted(skill)):
            yield Row(upload, "refused", summary, refusal=refusal)
        elif number := stored.get((summary.name, summary.digest)):
            yield Row(upload, "same", summary, number)
        else:
            number = next_numbers[summary.name] = next_numbers.get(summary.name, 0) + 1
            stored[summary.name, summary.digest] = number
            yield Row(upload, "warnings" if summary.warnings or summary.findings else "ok", summary, number)


def _stored_numbers(skills: Iterable[Skill]) -> dict[tuple[str, str], int]:
    """The version numbers of these skills by name and digest."""
    versions = SkillVersion.objects.ready().filter(skill__in=[skill.pk for skill in skills])
    rows = versions.values_list("skill__name", "digest", "number")
    return {(name, digest): number for name, digest, number in rows}


def _summaries(uploads: Iterable[Upload]) -> Iterator[tuple[Upload, Summary | str]]:
    """Yield each upload with its cached summary, `later` or `gone`. A zip never changes, so it is inspected once."""
    began = monotonic()
    for upload in uploads:
        key = _cache_key(upload)
        summary: Summary | str | None = cache.get(key)
        if summary is None and monotonic() - began > SECONDS_AT_ONCE:
            summary = "later"
        elif summary is None:
            try:
                summary = Summary.of(services.inspect_upload(upload))
            except FileNotFoundError:
                summary = "gone"
            else:
                cache.set(key, summary, SUMMARY_CACHE_SECONDS)
        yield upload, summary


def _cache_key(upload: Upload) -> str:
    return f"upload-summary-2:{upload.pk}"  # change the number when the fields of Summary change


def _create_version(request: OperatorRequest, upload: Upload, note: str) -> Result:
    """Create a version from an upload, and request a review if the form says so."""
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
    return _request_review(request, upload, version, note)


def _request_review(request: OperatorRequest, upload: Upload, version: SkillVersion, note: str) -> Result:
    """The result for a new version, after requesting a review if the form says so."""
    if "ask" not in request.POST:
        return Result(upload, version, _("Created %(version)s.") % _named(version), True)
    try:
        services.request_review(version, actor=request.user, comment=note)
    except services.Conflict as conflict:
        return Result(upload, version, str(conflict), good=False)
    return Result(upload, version, _("Created %(version)s and requested review.") % _named(version), True)


def _named(version: SkillVersion) -> dict[str, Any]:
    return {"version": version}
