"""Skills: list, upload, validate, publish, roll back and deactivate."""

from __future__ import annotations

from django.db.models import Q
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry import services
from skills_registry.models import Publication
from skills_registry.packages.problems import InvalidSkill
from skills_registry.texts.render import render_problem, render_report

from . import inputs, outputs
from .access import caller, check_upload, visible_skill, visible_skills
from .pages import paginate
from .permissions import PUBLISH, UPLOAD, VIEW


class SkillViewSet(viewsets.ViewSet):
    """Skills by name."""

    permissions = {
        "list": VIEW, "retrieve": VIEW, "skill_named_validate": VIEW, "create": UPLOAD, "validate": UPLOAD,
        "publish": PUBLISH, "rollback": PUBLISH, "deactivate": PUBLISH, "publications": VIEW,
    }  # fmt: skip
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    def list(self, request: Request) -> Response:
        """A page of skills, by name."""
        query = inputs.read_query(request, inputs.SkillsQuery)
        skills = visible_skills(request).order_by("name").filter(name__gt=query["cursor"])
        skills = skills.filter(Q(status=query["status"])) if query["status"] else skills.not_deleted()
        skills = skills.tagged(query["tag"]) if query["tag"] else skills
        return paginate(
            request, skills, query["limit"], cursor=lambda skill: skill.name, serialize=outputs.serialize_skills
        )

    def retrieve(self, request: Request, name: str) -> Response:
        """One skill."""
        return Response(outputs.serialize_skills([visible_skill(request, name)])[0])

    def create(self, request: Request) -> Response:
        """Upload a zip as the next version: 201, or 200 if a version with the same bytes exists."""
        data = inputs.read_body(request, inputs.UploadInput)
        if data["publish"] and not request.user.has_perm(PUBLISH):
            self.permission_denied(request, "You may upload but not publish.")
        inspection = services.inspect(data["file"].read())
        if inspection.package is None:
            raise InvalidSkill(inspection.problems)
        check_upload(request, inspection.package.manifest.name)
        version, created = services.create_version(inspection.package, user=caller(request), note=data["note"])
        if data["publish"] and version.skill.live_version_id != version.pk:
            services.publish(version.skill, version.number, actor=caller(request), reason=data["note"])
            version.skill.refresh_from_db()
        detail = f"Created {version}." if created else f"Already up to date ({version.label})."
        served = outputs.serialize_served_state(version.skill)
        body = {"detail": detail, "created": created, **served, **outputs.VersionDetailSerializer(version).data}
        return Response(body, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @action(detail=False, methods=["post"])
    def validate(self, request: Request) -> Response:
        """Validate a zip without storing it; responds with 200 even if it is invalid."""
        data = inputs.read_body(request, inputs.ValidateInput)
        inspection = services.inspect(data["file"].read())
        return Response(
            {
                "valid": inspection.package is not None,
                "errors": [render_problem(problem) for problem in inspection.errors],
                **render_report(inspection),
                "mended": outputs.serialize_mended(inspection.mended),
            }
        )

    @validate.mapping.get
    def skill_named_validate(self, request: Request) -> Response:
        """Return the skill named `validate`, which has the same path."""
        return self.retrieve(request, "validate")

    @action(detail=True, methods=["post"])
    def publish(self, request: Request, name: str) -> Response:
        """Make a version live."""
        data = inputs.read_body(request, inputs.PublishInput)
        skill = visible_skill(request, name)
        return _publication_response(services.publish(skill, data.pop("version"), actor=caller(request), **data))

    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, name: str) -> Response:
        """Publish an older version again."""
        data = inputs.read_body(request, inputs.RollbackInput)
        skill = visible_skill(request, name)
        return _publication_response(services.rollback(skill, data.pop("version"), actor=caller(request), **data))

    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, name: str) -> Response:
        """Stop serving the skill."""
        data = inputs.read_body(request, inputs.ChangeInput)
        return _publication_response(services.deactivate(visible_skill(request, name), actor=caller(request), **data))

    @action(detail=True)
    def publications(self, request: Request, name: str) -> Response:
        """A page of the publications of the skill, newest first."""
        query = inputs.read_query(request, inputs.HistoryQuery)
        skill = visible_skill(request, name)
        history = Publication.objects.filter(skill=skill).select_related("version", "previous", "actor")
        if query["cursor"]:
            history = history.filter(generation__lt=query["cursor"])
        return paginate(
            request,
            history.order_by("-generation"),
            query["limit"],
            cursor=lambda publication: publication.generation,
            serialize=outputs.serialize_publications,
        )


def _publication_response(publication: Publication) -> Response:
    served = outputs.serialize_served_state(publication.skill)
    return Response({**outputs.PublicationSerializer(publication).data, **served})
