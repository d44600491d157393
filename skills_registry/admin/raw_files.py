"""Files of packages as they are: pictures to look at, everything else to download and never to run."""

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
"""For a picture that is opened by itself: an SVG could hold a script, which this does not let run."""


@requires("view_skill")
def version_file(request: OperatorRequest, pk: int, number: int, path: str) -> HttpResponse:
    """A file of a version."""
    versions = SkillVersion.objects.ready().select_related("skill")
    return _file_response(request, version_side(get_object_or_404(versions, skill=pk, number=number)), path)


@requires("upload_skill")
def upload_file(request: OperatorRequest, pk: UUID, path: str) -> HttpResponse:
    """A file of a zip that waits for its review."""
    upload = get_object_or_404(Upload.objects.open_to(request.user), pk=pk)
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

    def answer() -> HttpResponse:
        kind = file["media_type"] if picture else "application/octet-stream"
        answer = HttpResponse(side.content(path), content_type=kind)
        disposition = content_disposition_header(not picture, path.rpartition("/")[2])
        answer.headers["Content-Disposition"] = disposition or "attachment"
        return answer

    response = conditional_response(request, file["sha256"], answer)
    response.headers["Content-Security-Policy"] = _POLICY  # of a 304, too: its headers replace those that were kept
    return response
