"""One-line construction of valid packages. Needs no database and starts nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from skills_registry.findings.inspection import inspect_archive
from skills_registry.packages.package import Limits, Package, build_package
from skills_registry.packages.problems import InvalidSkill, Report


def skill_md(name: str = "greeter", body: str = "Say hello.", **fields: str) -> str:
    """Return the text of a SKILL.md; keyword arguments are frontmatter fields, with `_` for `-`."""
    extra = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items() if key != "description")
    description = fields.get("description", "Greets people. Use when somebody arrives.")
    return f"---\nname: {name}\ndescription: {description}\n{extra}---\n\n{body}\n"


def zip_of(files: Mapping[str, str | bytes]) -> bytes:
    """Return a zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def package(
    name: str = "greeter", body: str = "Say hello.", files: Mapping[str, str | bytes] = {}, **fields: str
) -> Package:
    """Return a package, validated by the package rules."""
    inspection = inspect_archive(zip_of({"SKILL.md": skill_md(name, body, **fields), **files}), Limits())
    if inspection.package is None:
        raise InvalidSkill(inspection.problems)
    return inspection.package


def assemble(files: Mapping[str, bytes]) -> Package:
    """Return the package of these files by path. Raises InvalidSkill."""
    return build_package(files, lambda path, _: files[path], limits=Limits(), report=Report())
