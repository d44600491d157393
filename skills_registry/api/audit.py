"""The audit trail of all skills, tokens, users and groups."""

from __future__ import annotations

from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry.models import AuditEvent

from . import inputs, outputs
from .access import audience, visible_skills
from .pages import paginate
from .permissions import ADMINISTER


class AuditViewSet(viewsets.ViewSet):
    """All audit events. A token restricted to some skills gets the events of those skills only."""

    permissions = {"list": ADMINISTER}

    def list(self, request: Request) -> Response:
        """A page of events, newest first."""
        query = inputs.read_query(request, inputs.AuditQuery)
        events = AuditEvent.objects.with_names().before(query["cursor"])
        if audience(request).restricted:
            events = events.filter(skill__in=visible_skills(request).values("pk"))
        for field, name in {"action": "action", "skill": "skill__name", "actor": "actor__username"}.items():
            if query[field]:
                events = events.filter(**{name: query[field]})
        return paginate(
            request, events, query["limit"], cursor=lambda event: event.pk, serialize=outputs.serialize_events
        )
