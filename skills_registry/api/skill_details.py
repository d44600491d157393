"""What is said of a skill as a whole, and whether it is there at all."""

from __future__ import annotations

from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry import services
from skills_registry.models import AuditEvent, Skill

from . import inputs, outputs
from .access import caller, visible_skill
from .pages import page
from .permissions import ADMINISTER, PUBLISH, VIEW


class SkillChangeViewSet(viewsets.ViewSet):
    """Tags, owner, deletion and history of a skill; each change answers with the skill as it is then."""

    permissions = {
        "tags": PUBLISH, "owner": ADMINISTER, "delete_skill": ADMINISTER, "restore": ADMINISTER, "audit": VIEW,
    }  # fmt: skip
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    @action(detail=True, methods=["put"])
    def tags(self, request: Request, name: str) -> Response:
        """Replace the skill's tags."""
        given = inputs.read_body(request, inputs.TagsInput)
        return _skill_response(services.set_tags(visible_skill(request, name), actor=caller(request), **given))

    @action(detail=True, methods=["put"])
    def owner(self, request: Request, name: str) -> Response:
        """Say whom to ask about the skill, or nobody."""
        given = inputs.read_body(request, inputs.OwnerInput)
        return _skill_response(services.set_owner(visible_skill(request, name), actor=caller(request), **given))

    # Not `delete`: DRF would call that for the HTTP method DELETE, at each of the paths here.
    @action(detail=True, methods=["post"], url_path="delete")
    def delete_skill(self, request: Request, name: str) -> Response:
        """Hide the skill; it can be restored."""
        given = inputs.read_body(request, inputs.DeleteInput)
        return _skill_response(services.delete_skill(visible_skill(request, name), actor=caller(request), **given))

    @action(detail=True, methods=["post"])
    def restore(self, request: Request, name: str) -> Response:
        """Bring a deleted skill back."""
        given = inputs.read_body(request, inputs.ReasonInput)
        return _skill_response(services.restore_skill(visible_skill(request, name), actor=caller(request), **given))

    @action(detail=True)
    def audit(self, request: Request, name: str) -> Response:
        """What was done to the skill and its versions, newest first."""
        query = inputs.read_query(request, inputs.HistoryQuery)
        events = AuditEvent.objects.with_names().before(query["cursor"]).filter(skill=visible_skill(request, name))
        return page(request, events, query["limit"], cursor=lambda event: event.pk, show=outputs.serialize_events)


def _skill_response(skill: Skill) -> Response:
    # Read by its key: a change of tags may have taken it out of sight of the token that made it.
    return Response(outputs.serialize_skills([Skill.objects.with_summary().get(pk=skill.pk)])[0])
