"""The versions of a skill: read, download, edit, yank and delete them."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from skills_registry import services
from skills_registry.conditional import conditional_response
from skills_registry.models import SkillVersion

from . import inputs, outputs
from .access import caller, visible_skill, visible_version
from .negotiation import IgnoreAccept
from .pages import paginate
from .permissions import PUBLISH, UPLOAD, VIEW


class VersionViewSet(viewsets.ViewSet):
    """The versions of a skill, by number."""

    permissions = {
        "list": VIEW, "retrieve": VIEW, "download": VIEW, "destroy": PUBLISH, "yank": PUBLISH, "unyank": PUBLISH,
        "edit": UPLOAD,
    }  # fmt: skip
    lookup_field = "number"
    lookup_value_regex = "[0-9]{1,9}"

    def list(self, request: Request, name: str) -> Response:
        """A page of versions without their files and frontmatter, newest first."""
        query = inputs.read_query(request, inputs.HistoryQuery)
        skill = visible_skill(request, name)
        versions = SkillVersion.objects.ready().filter(skill=skill).select_related("skill", "uploaded_by")
        if query["cursor"]:
            versions = versions.filter(number__lt=query["cursor"])
        return paginate(
            request,
            versions.order_by("-number").defer("frontmatter", "files", "warnings", "findings"),
            query["limit"],
            cursor=lambda version: version.number,
            serialize=outputs.serialize_versions,
        )

    def retrieve(self, request: Request, name: str, number: str) -> Response:
        """One version with its frontmatter, files, digests, warnings and findings."""
        return Response(outputs.VersionDetailSerializer(visible_version(request, name, number)).data)

    def destroy(self, request: Request, name: str, number: str) -> Response:
        """Delete a version permanently: 204, or 200 with `detail` if some of its files remain for now."""
        version = visible_version(request, name, number)
        warning = services.removal_warning(version, services.delete_version(version, actor=caller(request)))
        return Response({"detail": warning}) if warning else Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, methods=["post"])
    def yank(self, request: Request, name: str, number: str) -> Response:
        """Forbid publishing the version."""
        data = inputs.read_body(request, inputs.ReasonInput)
        return _version_response(
            services.yank_version(visible_version(request, name, number), actor=caller(request), **data)
        )

    @action(detail=True, methods=["post"])
    def unyank(self, request: Request, name: str, number: str) -> Response:
        """Allow publishing the version again."""
        data = inputs.read_body(request, inputs.ReasonInput)
        return _version_response(
            services.unyank_version(visible_version(request, name, number), actor=caller(request), **data)
        )

    @action(detail=True, methods=["post"])
    def edit(self, request: Request, name: str, number: str) -> Response:
        """Create the next version from this one with some files changed."""
        data = inputs.read_body(request, inputs.EditInput)
        skill = visible_skill(request, name)
        version = services.edit_version(skill, int(number), data.pop("changes"), user=caller(request), **data)
        return Response(outputs.VersionDetailSerializer(version).data, status=status.HTTP_201_CREATED)

    @action(detail=True, content_negotiation_class=IgnoreAccept)
    def download(self, request: Request, name: str, number: str) -> HttpResponse:
        """The version as a zip."""
        version = visible_version(request, name, number)
        return conditional_response(request, version.digest, lambda: _zip_response(version))


def _zip_response(version: SkillVersion) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{version.skill.name}-{version.label}.zip"'}
    return HttpResponse(services.export_version(version), content_type="application/zip", headers=headers)


def _version_response(version: SkillVersion) -> Response:
    return Response(outputs.VersionSerializer(version).data)
