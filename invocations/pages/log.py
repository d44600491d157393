"""Views of the log: list, follow, export and detail. Paging never counts or sorts the whole log."""

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

from .cursors import call_cursor, decode_cursor, encode_cursor
from .export import FORMATS, download
from .forms import LogForm

READ = "invocations.view_invocation"
PAGE_SIZE = 50
AWAY = (StoreUnavailable, DatabaseError)
LATE = timedelta(seconds=15)
"""Longest normal delay between the start of a call and its entry in the log."""

P = ParamSpec("P")

View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_viewers(view: View[P]) -> View[P]:
    """Require the permission to view the log, and a safe HTTP method."""

    @require_safe
    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.has_perm(READ):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@for_viewers
def log(request: HttpRequest) -> HttpResponseBase:
    """Show a page of matching calls: the newest, or those older (`before`) or newer (`after`) than a cursor."""
    form = LogForm(request.GET)
    if not form.is_valid():
        return _page(request, "log", _("Calls"), form=form)
    before, after = (_parse_cursor(request.GET.get(name, "")) for name in ("before", "after"))
    wanted = form.wanted()
    try:
        page = queries.calls(wanted, before=before, after=after, limit=PAGE_SIZE)
        together = queries.summary(wanted)
    except AWAY:
        return _page(request, "log", _("Calls"), form=form, away=True)
    if after and page.next is None:  # the first page: fill it up with older calls
        return HttpResponseRedirect(f"?{_query_string(request, after=None)}")
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
        **{name: _query_string(request, **change) for name, change in _page_links(page, before, after).items()},
    )  # fmt: skip


@for_viewers
def follow(request: HttpRequest) -> HttpResponseBase:
    """Return the newest matching calls since `from` as table rows.

    `X-Log-From` is the next `from`; `X-Log-More` says that there are more.
    """
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
    """Download the matching calls; on errors, show the log page, which explains them."""
    form = LogForm(request.GET)
    if kind not in FORMATS:
        raise Http404
    try:
        return download(kind, form.wanted(), lambda: _may_still_read(request)) if form.is_valid() else log(request)
    except AWAY:
        return log(request)


def _may_still_read(request: HttpRequest) -> bool:
    """Whether the user still has the permission, read again from the database."""
    user = get_user(request)
    return user.is_active and user.is_staff and user.has_perm(READ)


@for_viewers
def call(request: HttpRequest) -> HttpResponseBase:
    """Show one call, identified by `skill` and the cursor `at`."""
    skill, at = request.GET.get("skill", ""), _parse_cursor(request.GET.get("at", ""))
    try:
        found = queries.call(skill, at) if at and "\0" not in skill else None
    except AWAY:
        return _page(request, "call", _("Call"), away=True)
    if found is None:
        raise Http404("There is no such call, or it has expired.")
    parameters, whole = _indent_json(found.request_params)
    return _page(
        request, "call", f"{found.method} {found.skill}",
        call=found, from_here=encode_cursor(Position(found.invoked_at, LAST_ID)), parameters=parameters, whole=whole,
    )  # fmt: skip


def _follow_from() -> str:
    """Return the next `from`: calls may be logged late and out of order."""
    return (timezone.now() - LATE).astimezone(UTC).isoformat()


def rows(page: CallPage) -> list[tuple[InvocationEvent, str]]:
    """Return the calls of a page with their cursors."""
    return [(call, call_cursor(call)) for call in page.calls]


def _page_links(page: CallPage, before: Position | None, after: Position | None) -> dict[str, dict[str, str | None]]:
    """Return the query parameters of the links to older and newer calls, if there are any."""
    newest, oldest = (call_cursor(page.calls[place]) if page.calls else "" for place in (0, -1))
    onwards = encode_cursor(page.next) if page.next else ""
    older, newer = (oldest, onwards) if after else (onwards, newest if before else "")
    found: dict[str, dict[str, str | None]] = {}
    if older:
        found["older"] = {"before": older, "after": None}
    if newer:
        found["newer"] = {"after": newer, "before": None}
    return found


def _query_string(request: HttpRequest, **changes: str | None) -> str:
    query = {name: value for name, value in request.GET.items() if value}
    return urlencode({name: value for name, value in {**query, **changes}.items() if value})


def _indent_json(parameters: str) -> tuple[str, bool]:
    """Return indented JSON, and whether it is complete: long parameters were truncated when recorded."""
    try:
        return json.dumps(json.loads(parameters), ensure_ascii=False, indent=2), True
    except ValueError:
        return parameters, not parameters


def _parse_cursor(text: str) -> Position | None:
    """Decode a cursor; None if it is invalid, so that the log starts at the newest call."""
    try:
        return decode_cursor(text)
    except ValueError:
        return None


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    frame = {**admin.site.each_context(request), "title": title, "opts": Invocation._meta}
    return TemplateResponse(request, f"admin/invocations/{template}.html", {**frame, **context})
