"""The packages that pages show and compare: stored versions and staged uploads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext

from skills_registry.models import SkillVersion, Upload
from skills_registry.packages.agent_view import AgentView
from skills_registry.packages.package import Package
from skills_registry.store import package_store


@dataclass(frozen=True)
class Side:
    """A package: its file records, and functions that read a file and return its URLs."""

    label: str
    files: Sequence[Mapping[str, Any]]
    view: AgentView
    read: Callable[[str], bytes]
    address: Callable[[str], str]
    """Returns the URL of the raw file."""
    page: Callable[[str], str]
    """Returns the URL of the page that shows a file, or of the raw file if there is no such page."""

    def file(self, path: str) -> Mapping[str, Any] | None:
        """The record of a file; None if there is no such file."""
        return next((file for file in self.files if file["path"] == path), None)

    def content(self, path: str) -> bytes:
        """Read a file. Raises Http404 for a path that is not in the package, and OSError."""
        if self.file(path) is None:
            raise Http404
        return self.read(path)


def version_side(version: SkillVersion) -> Side:
    """The package of a stored version."""
    name, number = version.skill.name, version.number
    return Side(
        version.label,
        version.files,
        AgentView.of(version.frontmatter, version.files),
        lambda path: package_store.read_file(name, number, path),
        lambda path: reverse("admin:skills_registry_file", args=[version.skill_id, number, path]),
        lambda path: reverse("admin:skills_registry_files", args=[version.skill_id, number, path]),
    )


def upload_side(upload: Upload, package: Package) -> Side:
    """The package of a staged upload."""
    files = [file.as_dict() for file in package.files]
    contents = {file.path: file.content for file in package.files}

    def address(path: str) -> str:
        return reverse("admin:skills_registry_upload_file", args=[upload.pk, path])

    return Side(
        gettext("this upload"),
        files,
        AgentView.of(package.manifest.frontmatter, files),
        contents.__getitem__,
        address,
        address,
    )
