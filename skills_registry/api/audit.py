"""The audit trail of everything."""

from __future__ import annotations

from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry.models import AuditEvent

from . import inputs, outputs
from .access import audience, visible_skills
from .pages import page
from .permissions import ADMINISTER


class AuditViewSet(viewsets.ViewSet):
    """What was done, by whom, when and why; also what was done to no skill, but for tokens that are for some only."""

    permissions = {"list": ADMINISTER}

    def list(self, request: Request) -> Response:
        """A page of it, newest first."""
        query = inputs.read_query(request, inputs.AuditQuery)
        events = AuditEvent.objects.with_names().before(query["cursor"])
        if audience(request).restricted:
            events = events.filter(skill__in=visible_skills(request).values("pk"))
        for field, name in {"action": "action", "skill": "skill__name", "actor": "actor__username"}.items():
            if query[field]:
                events = events.filter(**{name: query[field]})
        return page(request, events, query["limit"], cursor=lambda event: event.pk, show=outputs.serialize_events)
