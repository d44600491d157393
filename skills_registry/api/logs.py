"""Calls through the API: the log in pages or as a file, and how much and by whom skills are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from invocations import queries
from invocations.pages.cursors import encode_cursor
from invocations.pages.export import download
from invocations.usage import Series, Use, last_days, most_called

from . import inputs, outputs
from .access import audience, still_allowed, visible_skill, visible_skills
from .pages import next_page
from .permissions import LOGS

FILE = r"export\.(?P<kind>csv|jsonl)"
SKILLS_SHOWN = 100


class Whatever(BaseContentNegotiation):
    """What a file is says its path; `Accept` need not."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first, for failures."""
        return renderers[0], renderers[0].media_type


class SkillCallsViewSet(viewsets.ViewSet):
    """The calls of a skill."""

    permissions = {"logs": LOGS, "export": LOGS, "usage": LOGS}
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    @action(detail=True)
    def logs(self, request: Request, name: str) -> Response:
        """The newest ones."""
        query = inputs.query(request, inputs.SkillLogsQuery)
        return _page(request, {**query, "skill": visible_skill(request, name).name})

    @action(detail=True, url_path=f"logs/{FILE}", content_negotiation_class=Whatever)
    def export(self, request: Request, name: str, kind: str) -> StreamingHttpResponse:
        """All of them as a file."""
        query = inputs.query(request, inputs.CallsQuery)
        wanted = queries.CallFilter(**query, skill=visible_skill(request, name).name)
        return download(kind, wanted, lambda: still_allowed(self, request))

    @action(detail=True)
    def usage(self, request: Request, name: str) -> Response:
        """Calls by day, latencies, versions, clients and callers."""
        since, until = last_days(inputs.query(request, inputs.UsageQuery)["days"])
        skill = visible_skill(request, name).name
        series = queries.series([skill], since, until)[skill]
        used = queries.usage(skill, datetime.combine(since, time(), UTC))
        if series is None or used is None:
            raise _away()
        return Response({**outputs.shown_series(series), **outputs.shown_usage(used)})


class LogViewSet(viewsets.ViewSet):
    """The calls of all skills, also those for names that no skill has."""

    permissions = {"list": LOGS, "export": LOGS}

    def list(self, request: Request) -> Response:
        """The newest ones."""
        return _page(request, _of_audience(request, inputs.query(request, inputs.LogsQuery)))

    @action(detail=False, url_path=FILE, content_negotiation_class=Whatever)
    def export(self, request: Request, kind: str) -> StreamingHttpResponse:
        """All of them as a file."""
        query = _of_audience(request, inputs.query(request, inputs.ExportQuery))
        return download(kind, queries.CallFilter(**query), lambda: still_allowed(self, request))


class UsageViewSet(viewsets.ViewSet):
    """How much all skills are used that there are for the request."""

    permissions = {"list": LOGS}

    def list(self, request: Request) -> Response:
        """Calls by day, and the skills that are called the most."""
        since, until = last_days(inputs.query(request, inputs.UsageQuery)["days"])
        uses = queries.uses(since, until)
        if audience(request).restricted:
            names = list(visible_skills(request).order_by("name").values_list("name", flat=True))
            uses = {name: uses[name] for name in names if name in uses} if uses is not None else None
            series = _sum(list(queries.series(names, since, until).values()), since, until)
        else:
            series = queries.series(None, since, until)
        if series is None or uses is None:
            raise _away()
        return Response({**outputs.shown_series(series), "skills": outputs.shown_shares("skill", _most(uses))})


def _page(request: Request, query: dict[str, Any]) -> Response:
    limit, before = query.pop("limit"), query.pop("cursor")
    found = queries.calls(queries.CallFilter(**query), before=before, limit=limit)
    following = next_page(request, encode_cursor(found.next)) if found.next else None
    return Response({"next": following, "results": outputs.shown_calls(found.calls)})


def _of_audience(request: Request, query: dict[str, Any]) -> dict[str, Any]:
    """The query, of a skill that there is for a token that is for some only."""
    if not audience(request).restricted:
        return query
    if not query["skill"]:
        raise PermissionDenied("The access token is for some skills only: say which one, with `skill`.")
    return {**query, "skill": visible_skill(request, query["skill"]).name}


def _sum(parts: Sequence[Series | None], since: date, until: date) -> Series | None:
    days = (until - since).days + 1
    uses = [Use() for _ in range(days)]
    for part in parts:
        if part is None:
            return None
        uses = [Use(a.calls + b.calls, a.errors + b.errors) for a, b in zip(uses, part.uses, strict=True)]
    return Series(since, tuple(uses))


def _most(uses: Mapping[str, Use]) -> Any:
    return most_called(uses, SKILLS_SHOWN)


def _away() -> OSError:
    return OSError("that of the calls")
