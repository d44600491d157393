"""Tags, owner, deletion and audit events of a skill."""

from __future__ import annotations

from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry import services
from skills_registry.models import AuditEvent, Skill

from . import inputs, outputs
from .access import caller, visible_skill
from .pages import paginate
from .permissions import ADMINISTER, PUBLISH, VIEW


class SkillChangeViewSet(viewsets.ViewSet):
    """Tags, owner, deletion and audit events of a skill. Each change responds with the updated skill."""

    permissions = {
        "tags": PUBLISH, "owner": ADMINISTER, "delete_skill": ADMINISTER, "restore": ADMINISTER, "audit": VIEW,
    }  # fmt: skip
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    @action(detail=True, methods=["put"])
    def tags(self, request: Request, name: str) -> Response:
        """Replace the skill's tags."""
        data = inputs.read_body(request, inputs.TagsInput)
        return _skill_response(services.set_tags(visible_skill(request, name), actor=caller(request), **data))

    @action(detail=True, methods=["put"])
    def owner(self, request: Request, name: str) -> Response:
        """Set or clear the owner."""
        data = inputs.read_body(request, inputs.OwnerInput)
        return _skill_response(services.set_owner(visible_skill(request, name), actor=caller(request), **data))

    # Not named `delete`: DRF would call that for the HTTP method DELETE on every path of this view set.
    @action(detail=True, methods=["post"], url_path="delete")
    def delete_skill(self, request: Request, name: str) -> Response:
        """Hide the skill; it can be restored."""
        data = inputs.read_body(request, inputs.DeleteInput)
        return _skill_response(services.delete_skill(visible_skill(request, name), actor=caller(request), **data))

    @action(detail=True, methods=["post"])
    def restore(self, request: Request, name: str) -> Response:
        """Restore a deleted skill."""
        data = inputs.read_body(request, inputs.ReasonInput)
        return _skill_response(services.restore_skill(visible_skill(request, name), actor=caller(request), **data))

    @action(detail=True)
    def audit(self, request: Request, name: str) -> Response:
        """A page of audit events of the skill and its versions, newest first."""
        query = inputs.read_query(request, inputs.HistoryQuery)
        events = AuditEvent.objects.with_names().before(query["cursor"]).filter(skill=visible_skill(request, name))
        return paginate(
            request, events, query["limit"], cursor=lambda event: event.pk, serialize=outputs.serialize_events
        )


def _skill_response(skill: Skill) -> Response:
    # Read by primary key: after a change of tags, the token may no longer see the skill.
    return Response(outputs.serialize_skills([Skill.objects.with_summary().get(pk=skill.pk)])[0])
