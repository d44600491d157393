"""The files of a version: a tree with one file open, and downloads."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from skills_registry import services
from skills_registry.conditional import conditional_response
from skills_registry.media_types import decode_text
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.manifest import split_document
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.rendering.file_tree import build_folder

from .comparison_source import Side, version_side
from .package_texts import highlight_source, render_document
from .pages import OperatorRequest, requires
from .raw_files import PICTURES
from .skill_page import render_skill_view

SHOWN_MAX = 1024 * 1024
"""Maximum size in bytes of a text that is shown; a larger file can be downloaded."""
VERSIONS_OFFERED = 200


@requires("view_skill")
def files(request: OperatorRequest, pk: int, number: int | None = None, path: str = SKILL_MD) -> HttpResponse:
    """Show a file of a version; by default SKILL.md of the live version, or of the newest."""
    skill = get_object_or_404(Skill.objects.with_summary().defer("live_version__files"), pk=pk)
    stored = skill.versions.ready()
    if number is None and request.GET.get("number", "").isdecimal():
        return _redirect_to_version(skill, request.GET["number"], request.GET.get("path", ""))
    version = get_object_or_404(stored, number=number) if number else _default_version(skill)
    if version and number is None:
        return redirect("admin:skills_registry_files", skill.pk, version.number)
    context: dict[str, Any] = {"version": version}
    if version:
        version.skill = skill
        side = version_side(version)
        file = side.file(path)
        if file is None:
            raise Http404(_("There is no such file in this version."))
        context |= {
            "numbers": list(stored.values_list("number", flat=True)[:VERSIONS_OFFERED]),
            "top": build_folder(version.files, path),
            "file": file,
            "address": side.address(path),
            **_content_context(side, file, raw="raw" in request.GET),
        }
    return render_skill_view(request, "files", skill, **context)


def _redirect_to_version(skill: Skill, number: str, path: str) -> HttpResponse:
    """Redirect to a file in another version, or to its SKILL.md if it has no such file."""
    version = get_object_or_404(skill.versions.ready(), number=int(number[:9]))
    exists = any(file["path"] == path for file in version.files)
    return redirect("admin:skills_registry_files", skill.pk, version.number, path if exists else SKILL_MD)


@requires("view_skill")
def version_zip(request: OperatorRequest, pk: int, number: int) -> HttpResponse:
    """Download a version as a zip that can be unpacked into an agent's skills folder."""
    version = get_object_or_404(SkillVersion.objects.ready().select_related("skill"), skill=pk, number=number)
    headers = {"Content-Disposition": f'attachment; filename="{version.skill.name}-{version.label}.zip"'}

    def make_response() -> HttpResponse:
        return HttpResponse(services.export_version(version), content_type="application/zip", headers=headers)

    return conditional_response(request, version.digest, make_response)


def _default_version(skill: Skill) -> SkillVersion | None:
    """The live version, or else the newest."""
    if skill.live_version_id:
        return skill.versions.get(pk=skill.live_version_id)
    return skill.versions.ready().first()


def _content_context(side: Side, file: Any, *, raw: bool) -> dict[str, Any]:
    """The context that shows a file; `kind` is picture, markdown, text, large or binary."""
    path = file["path"]
    if file["media_type"] in PICTURES and not raw:
        return {"kind": "picture"}
    if file["size"] > SHOWN_MAX:
        return {"kind": "large"}
    text = decode_text(side.content(path))
    if text is None:
        return {"kind": "binary"}
    markdown = file["media_type"] == "text/markdown"
    if markdown and not raw:
        body = split_document(text).body if path == SKILL_MD else text
        return {"kind": "markdown", "switch": True, "rendered": render_document(side, path, body)}
    picture = file["media_type"] in PICTURES
    lines = highlight_source(path, text)
    return {"kind": "text", "switch": markdown or picture, "source": lines} if lines else {"kind": "large"}
