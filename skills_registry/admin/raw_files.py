"""Raw files of packages: pictures are displayed, everything else is downloaded and never executed."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from skills_registry import services
from skills_registry.conditional import conditional_response
from skills_registry.models import SkillVersion, Upload

from .comparison_source import Side, upload_side, version_side
from .pages import OperatorRequest, requires

PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Keeps scripts in an SVG from running when it is opened by itself."""


@requires("view_skill")
def version_file(request: OperatorRequest, pk: int, number: int, path: str) -> HttpResponse:
    """Serve a file of a version."""
    versions = SkillVersion.objects.ready().select_related("skill")
    return _file_response(request, version_side(get_object_or_404(versions, skill=pk, number=number)), path)


@requires("upload_skill")
def upload_file(request: OperatorRequest, pk: UUID, path: str) -> HttpResponse:
    """Serve a file of a staged upload."""
    upload = get_object_or_404(Upload.objects.accessible_to(request.user), pk=pk)
    try:
        package = services.inspect_upload(upload, mend=True).package
    except FileNotFoundError:
        package = None
    if package is None:
        raise Http404
    return _file_response(request, upload_side(upload, package), path)


def _file_response(request: OperatorRequest, side: Side, path: str) -> HttpResponse:
    file = side.file(path)
    if file is None:
        raise Http404
    picture = file["media_type"] in PICTURES and "download" not in request.GET

    def make_response() -> HttpResponse:
        content_type = file["media_type"] if picture else "application/octet-stream"
        response = HttpResponse(side.content(path), content_type=content_type)
        disposition = content_disposition_header(not picture, path.rpartition("/")[2])
        response.headers["Content-Disposition"] = disposition or "attachment"
        return response

    response = conditional_response(request, file["sha256"], make_response)
    # Also for a 304, since its headers replace those that the client has stored.
    response.headers["Content-Security-Policy"] = _POLICY
    return response
