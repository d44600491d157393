"""The user's uploads that wait, each with what its review would say; all that can come in are created together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import HttpResponse
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.forms import NoteForm
from skills_registry.inspection import Inspection
from skills_registry.models import Skill, SkillVersion, Upload

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
    first_error: str

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
            errors[0].message if errors else "",
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

    @property
    def creatable(self) -> bool:
        """Whether a version can be made of it."""
        return self.state in ("ok", "warnings")


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
        chosen = _chosen(request)
        results = [_created(request, upload, form.cleaned_data["note"]) for upload in chosen]
    waiting = list(Upload.objects.filter(uploaded_by=request.user).order_by("created_at")[:LISTED_MAX])
    rows = list(_rows(waiting))
    possible = [row for row in rows if row.creatable]
    return page(
        request, "upload_list", _("Your uploads"), rows=rows, possible=possible, results=results, form=form,
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
            yield Row(upload, "refused", summary, refusal=summary.first_error)
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
        key = f"upload-summary:{upload.pk}"
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


def _created(request: OperatorRequest, upload: Upload, note: str) -> Result:
    """Make a version of an upload, and ask for its review where the form says so."""
    try:
        package = services.inspect_upload(upload).package
        if package is None:
            return Result(upload, None, _("It was refused; its review says why."), good=False)
        version, created = services.create_version(package, user=request.user, note=note)
    except FileNotFoundError:
        return Result(upload, None, _("It is no longer kept. Please upload it again."), good=False)
    except (services.Conflict, services.StoreFailed) as failure:
        return Result(upload, None, str(failure), good=False)
    services.discard_upload(upload)
    if not created:
        return Result(upload, version, _("Already up to date: %(version)s has the same bytes.") % _named(version), True)
    return _asked(request, upload, version, note)


def _asked(request: OperatorRequest, upload: Upload, version: SkillVersion, note: str) -> Result:
    """The result for a new version, for which a review is asked where the form says so."""
    if "ask" not in request.POST:
        return Result(upload, version, _("Created %(version)s.") % _named(version), True)
    try:
        services.request_review(version, actor=request.user, comment=note)
    except services.Conflict as conflict:
        return Result(upload, version, str(conflict), good=False)
    return Result(upload, version, _("Created %(version)s and asked for a review.") % _named(version), True)


def _named(version: SkillVersion) -> dict[str, Any]:
    return {"version": version}
