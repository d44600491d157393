"""The log of calls, in pages or as a file, and usage statistics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from invocations import queries
from invocations.pages.cursors import encode_cursor
from invocations.pages.export import download
from invocations.resilience.unavailable import StoreUnavailable
from invocations.usage import Series, Use, last_days, most_called

from . import inputs, outputs
from .access import audience, still_allowed, visible_skill, visible_skills
from .negotiation import IgnoreAccept
from .pages import next_page
from .permissions import LOGS

FILE = r"export\.(?P<kind>csv|jsonl)"
SKILLS_SHOWN = 100


class SkillCallsViewSet(viewsets.ViewSet):
    """The calls of a skill."""

    permissions = {"logs": LOGS, "export": LOGS, "usage": LOGS}
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    @action(detail=True)
    def logs(self, request: Request, name: str) -> Response:
        """A page of calls, newest first."""
        query = inputs.read_query(request, inputs.SkillLogsQuery)
        return _calls_page(request, {**query, "skill": visible_skill(request, name).name})

    @action(detail=True, url_path=f"logs/{FILE}", content_negotiation_class=IgnoreAccept)
    def export(self, request: Request, name: str, kind: str) -> StreamingHttpResponse:
        """All matching calls as a CSV or JSON Lines file."""
        query = inputs.read_query(request, inputs.CallsQuery)
        wanted = queries.CallFilter(**query, skill=visible_skill(request, name).name)
        return download(kind, wanted, lambda: still_allowed(self, request))

    @action(detail=True)
    def usage(self, request: Request, name: str) -> Response:
        """Calls by day; latencies, and calls by version, client and caller."""
        since, until = last_days(inputs.read_query(request, inputs.UsageQuery)["days"])
        skill = visible_skill(request, name).name
        series = queries.series([skill], since, until)[skill]
        used = queries.usage(skill, datetime.combine(since, time(), UTC))
        if series is None or used is None:
            raise _log_unavailable()
        return Response({**outputs.serialize_series(series), **outputs.serialize_usage(used)})


class LogViewSet(viewsets.ViewSet):
    """The calls of all skills, including calls for unknown names."""

    permissions = {"list": LOGS, "export": LOGS}

    def list(self, request: Request) -> Response:
        """A page of calls, newest first."""
        return _calls_page(request, _restrict_to_audience(request, inputs.read_query(request, inputs.LogsQuery)))

    @action(detail=False, url_path=FILE, content_negotiation_class=IgnoreAccept)
    def export(self, request: Request, kind: str) -> StreamingHttpResponse:
        """All matching calls as a CSV or JSON Lines file."""
        query = _restrict_to_audience(request, inputs.read_query(request, inputs.ExportQuery))
        return download(kind, queries.CallFilter(**query), lambda: still_allowed(self, request))


class UsageViewSet(viewsets.ViewSet):
    """The usage of all skills that the request may see."""

    permissions = {"list": LOGS}

    def list(self, request: Request) -> Response:
        """Calls by day, and the most called skills."""
        since, until = last_days(inputs.read_query(request, inputs.UsageQuery)["days"])
        uses = queries.uses(since, until)
        if audience(request).restricted:
            names = list(visible_skills(request).order_by("name").values_list("name", flat=True))
            uses = {name: uses[name] for name in names if name in uses} if uses is not None else None
            series = _sum_series(list(queries.series(names, since, until).values()), since, until)
        else:
            series = queries.series(None, since, until)
        if series is None or uses is None:
            raise _log_unavailable()
        return Response(
            {
                **outputs.serialize_series(series),
                "skills": outputs.serialize_shares("skill", most_called(uses, SKILLS_SHOWN)),
            }
        )


def _calls_page(request: Request, query: dict[str, Any]) -> Response:
    limit, before = query.pop("limit"), query.pop("cursor")
    found = queries.calls(queries.CallFilter(**query), before=before, limit=limit)
    following = next_page(request, encode_cursor(found.next)) if found.next else None
    return Response({"next": following, "results": outputs.serialize_calls(found.calls)})


def _restrict_to_audience(request: Request, query: dict[str, Any]) -> dict[str, Any]:
    """Check `skill` against the token's audience. Raises PermissionDenied if a restricted token names none."""
    if not audience(request).restricted:
        return query
    if not query["skill"]:
        raise PermissionDenied("This access token is restricted to some skills: name one of them with `skill`.")
    return {**query, "skill": visible_skill(request, query["skill"]).name}


def _sum_series(parts: Sequence[Series | None], since: date, until: date) -> Series | None:
    days = (until - since).days + 1
    uses = [Use() for _ in range(days)]
    for part in parts:
        if part is None:
            return None
        uses = [Use(a.calls + b.calls, a.errors + b.errors) for a, b in zip(uses, part.uses, strict=True)]
    return Series(since, tuple(uses))


def _log_unavailable() -> StoreUnavailable:
    return StoreUnavailable("the log of calls")
