"""The pages of the log: newest first, page after page without ever counting or sorting it; and one for each call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import get_user
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from invocations import queries
from invocations.events import InvocationEvent
from invocations.models import Invocation
from invocations.queries import LAST_ID, CallPage, Position
from invocations.resilience.unavailable import StoreUnavailable
from invocations.usage import summary

from .cursors import cursor, cursor_of, position
from .export import FORMATS, download
from .forms import LogForm

READ = "invocations.view_invocation"
PAGE_SIZE = 50
AWAY = (StoreUnavailable, DatabaseError)
LATE = timedelta(seconds=15)
"""So long after it began a call may get into the log, while all is well."""

P = ParamSpec("P")

View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_viewers(view: View[P]) -> View[P]:
    """Only for those who may see the log, and only to read."""

    @require_safe
    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.has_perm(READ):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@for_viewers
def log(request: HttpRequest) -> HttpResponseBase:
    """A page of the calls that are asked for: the newest, or those older (`before`) or newer (`after`) than a place."""
    form = LogForm(request.GET)
    if not form.is_valid():
        return _page(request, "log", _("Calls"), form=form)
    before, after = (_position(request.GET.get(name, "")) for name in ("before", "after"))
    wanted = form.wanted()
    try:
        page = queries.calls(wanted, before=before, after=after, limit=PAGE_SIZE)
        together = queries.summary(wanted)
    except AWAY:
        return _page(request, "log", _("Calls"), form=form, away=True)
    if after and page.next is None:  # at the newest calls: those older ones that fit beside them are shown, too
        return HttpResponseRedirect(f"?{_changed(request, after=None)}")
    return _page(
        request, "log", _("Calls"),
        form=form,
        page=page,
        rows=rows(page),
        summary=together,
        on_page=summary([(call.status, call.duration_ms) for call in page.calls]),
        at_newest=not (before or after),
        may_follow=not (before or after or form.data.get("until")),
        **{"from": _follow_from()},
        looked_to=page.next.invoked_at if page.next and page.looked_through else None,
        **{name: _changed(request, **change) for name, change in _around(page, before, after).items()},
    )  # fmt: skip


@for_viewers
def follow(request: HttpRequest) -> HttpResponseBase:
    """The newest calls of the filter since the moment `from`, as rows; headers say where to go on, and of more."""
    form, since = LogForm(request.GET), request.GET.get("from", "")
    following = _follow_from()
    try:
        wanted = form.wanted() if form.is_valid() else None
        begun = datetime.fromisoformat(since).astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = None
    if wanted is None:
        return HttpResponseBadRequest()
    try:
        page = queries.calls(replace(wanted, since=max(begun, wanted.since or begun)), limit=PAGE_SIZE)
    except AWAY:
        return HttpResponse(status=503)
    answer = TemplateResponse(request, "admin/invocations/_rows.html", {"rows": rows(page)})
    answer.headers["X-Log-From"] = following
    if page.next:
        answer.headers["X-Log-More"] = "1"
    return answer


@for_viewers
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The calls of the filter as a file; where that cannot be, the log says why."""
    form = LogForm(request.GET)
    if kind not in FORMATS:
        raise Http404
    try:
        return download(kind, form.wanted(), lambda: _may_still_read(request)) if form.is_valid() else log(request)
    except AWAY:
        return log(request)


def _may_still_read(request: HttpRequest) -> bool:
    """Asked of the database, since the request knows its user as he was when it began."""
    user = get_user(request)
    return user.is_active and user.is_staff and user.has_perm(READ)


@for_viewers
def call(request: HttpRequest) -> HttpResponseBase:
    """Everything that was recorded of one call, named by `skill` and `at`."""
    skill, at = request.GET.get("skill", ""), _position(request.GET.get("at", ""))
    try:
        found = queries.call(skill, at) if at and "\0" not in skill else None
    except AWAY:
        return _page(request, "call", _("Call"), away=True)
    if found is None:
        raise Http404("There is no such call, or it has expired.")
    parameters, whole = _readable(found.request_params)
    return _page(
        request, "call", f"{found.method} {found.skill}",
        call=found, from_here=cursor(Position(found.invoked_at, LAST_ID)), parameters=parameters, whole=whole,
    )  # fmt: skip


def _follow_from() -> str:
    """From when on calls are asked for again: some are logged later than others that began after them."""
    return (timezone.now() - LATE).astimezone(UTC).isoformat()


def rows(page: CallPage) -> list[tuple[InvocationEvent, str]]:
    """The calls of a page, each with its place."""
    return [(call, cursor_of(call)) for call in page.calls]


def _around(page: CallPage, before: Position | None, after: Position | None) -> dict[str, dict[str, str | None]]:
    """What to ask for to see older and newer calls, as far as there are any."""
    newest, oldest = (cursor_of(page.calls[place]) if page.calls else "" for place in (0, -1))
    onwards = cursor(page.next) if page.next else ""
    older, newer = (oldest, onwards) if after else (onwards, newest if before else "")
    found: dict[str, dict[str, str | None]] = {}
    if older:
        found["older"] = {"before": older, "after": None}
    if newer:
        found["newer"] = {"after": newer, "before": None}
    return found


def _changed(request: HttpRequest, **changes: str | None) -> str:
    query = {name: value for name, value in request.GET.items() if value}
    return urlencode({name: value for name, value in {**query, **changes}.items() if value})


def _readable(parameters: str) -> tuple[str, bool]:
    """JSON in lines, and whether it is all there: what is longer than is kept was cut."""
    try:
        return json.dumps(json.loads(parameters), ensure_ascii=False, indent=2), True
    except ValueError:
        return parameters, not parameters


def _position(text: str) -> Position | None:
    """A place in the log; None for a text that names none: the log then begins at its newest call."""
    try:
        return position(text)
    except ValueError:
        return None


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    frame = {**admin.site.each_context(request), "title": title, "opts": Invocation._meta}
    return TemplateResponse(request, f"admin/invocations/{template}.html", {**frame, **context})
