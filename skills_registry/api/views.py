"""/api/v1/: the operations of `services`, for scripts and CI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from invocations import queries
from invocations.models import Invocation
from skills_registry import services
from skills_registry.inspection import inspect
from skills_registry.models import Skill, SkillVersion
from skills_registry.problems import InvalidSkill

from . import serializers

VIEW, UPLOAD, PUBLISH = (f"skills_registry.{name}_skill" for name in ("view", "upload", "publish"))
LOGS = "invocations.view_invocation"


class ByName(CursorPagination):
    """Pages of 100 in order of name."""

    page_size = 100
    ordering = "name"


class NewestFirst(CursorPagination):
    """Pages of 100, the newest version first."""

    page_size = 100
    ordering = "-number"


class SkillViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Skill]):
    """Skills by name, and what can be done with them."""

    permissions = {
        "list": VIEW, "retrieve": VIEW, "create": UPLOAD, "validate": UPLOAD,
        "publish": PUBLISH, "rollback": PUBLISH, "deactivate": PUBLISH, "publications": VIEW, "logs": LOGS,
    }  # fmt: skip
    serializer_class = serializers.SkillSerializer
    pagination_class = ByName
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    def get_queryset(self) -> QuerySet[Skill]:
        """All skills with their status and versions."""
        return Skill.objects.with_summary()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of skills."""
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self._shown(page))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One skill."""
        return Response(self._shown([self.get_object()])[0])

    def create(self, request: Request) -> Response:
        """Upload a zip as the next version: 201, or 200 where its bytes are there already."""
        given = _valid(serializers.UploadInput(data=request.data))
        if given["publish"] and not request.user.has_perm(PUBLISH):
            self.permission_denied(request, "You may upload, but not publish.")
        inspection = inspect(given["file"].read())
        if inspection.package is None:
            raise InvalidSkill(inspection.problems)
        version, created = services.create_version(inspection.package, user=_user(request), note=given["note"])
        if given["publish"] and version.skill.live_version_id != version.pk:
            services.publish(version.skill, version.number, actor=_user(request), reason=given["note"])
        body = {
            "skill": version.skill.name,
            "created": created,
            "detail": f"Created {version}." if created else f"Already up to date ({version.label}).",
            **serializers.VersionSerializer(version).data,
        }
        return Response(body, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @action(detail=False, methods=["post"])
    def validate(self, request: Request) -> Response:
        """Judge a zip and store nothing; 200 also where it is not valid."""
        given = _valid(serializers.ValidateInput(data=request.data))
        inspection = inspect(given["file"].read())
        return Response(
            {
                "valid": inspection.package is not None,
                "errors": [problem.as_dict() for problem in inspection.errors],
                "warnings": [problem.as_dict() for problem in inspection.warnings],
                "findings": [finding.as_dict() for finding in inspection.findings],
            }
        )

    @action(detail=True, methods=["post"])
    def publish(self, request: Request, name: str) -> Response:
        """Make a version live."""
        given = _valid(serializers.PublishInput(data=request.data))
        return self._changed(services.publish(self.get_object(), given.pop("version"), actor=_user(request), **given))

    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, name: str) -> Response:
        """Go back to an older version."""
        given = _valid(serializers.RollbackInput(data=request.data))
        return self._changed(services.rollback(self.get_object(), given.pop("version"), actor=_user(request), **given))

    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, name: str) -> Response:
        """Stop serving the skill."""
        given = _valid(serializers.ChangeInput(data=request.data))
        return self._changed(services.deactivate(self.get_object(), actor=_user(request), **given))

    @action(detail=True)
    def publications(self, request: Request, name: str) -> Response:
        """What was live when, and who changed it; the newest 100."""
        history = self.get_object().publications.select_related("version", "previous", "actor")[:100]
        return Response({"results": serializers.PublicationSerializer(history, many=True).data})

    @action(detail=True)
    def logs(self, request: Request, name: str) -> Response:
        """The skill's newest calls."""
        return _logs(request, skill=name)

    def _shown(self, skills: Sequence[Skill]) -> Any:
        context = {"totals": queries.totals(skill.name for skill in skills)}
        return serializers.SkillSerializer(skills, many=True, context=context).data

    @staticmethod
    def _changed(publication: Any) -> Response:
        return Response(serializers.PublicationSerializer(publication).data)


class VersionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[SkillVersion]):
    """The versions of a skill, by number."""

    permissions = {"list": VIEW, "retrieve": VIEW}
    serializer_class = serializers.VersionSerializer
    pagination_class = NewestFirst
    lookup_field = "number"
    lookup_value_regex = "[0-9]{1,9}"

    def get_queryset(self) -> QuerySet[SkillVersion]:
        """The skill's finished versions; 404 for a skill that is not there."""
        name = self.kwargs["name"]
        if not Skill.objects.filter(name=name).exists():
            raise Http404
        return SkillVersion.objects.ready().filter(skill__name=name).select_related("uploaded_by")


class LogViewSet(viewsets.ViewSet):
    """The calls of all skills."""

    permissions = {"list": LOGS}

    def list(self, request: Request) -> Response:
        """The newest calls."""
        return _logs(request, skill=request.query_params.get("skill", ""))


def _logs(request: Request, *, skill: str) -> Response:
    query = _valid(serializers.LogsQuery(data=request.query_params))
    cursor = query.pop("cursor")
    before = Invocation.objects.filter(pk=cursor).first() if cursor else None
    calls = list(queries.recent(skill=skill, before=before, **query))
    following = str(calls[-1].pk) if len(calls) == query["limit"] else None
    return Response({"next_cursor": following, "results": serializers.InvocationSerializer(calls, many=True).data})


def _user(request: Request) -> User:
    """Who asks; permissions were checked, so it is somebody."""
    return cast("User", request.user)


def _valid(serializer: Serializer[Any]) -> dict[str, Any]:
    """The serializer's data. Raises DRF's ValidationError."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
