"""Renames a skill in its package. Pure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import yaml

from .manifest import split_document
from .manifest_fields import SKILL_MD, is_skill_name
from .package import Limits, Package, build_package
from .problems import Report


def rename_package(package: Package, name: str, limits: Limits) -> Package:
    """The package with `name` in its SKILL.md, otherwise unchanged.

    Raises InvalidSkill if the name is not allowed.
    """
    contents = {file.path: file.content for file in package.files}
    contents[SKILL_MD] = replace_name(contents[SKILL_MD].decode(), name).encode()
    made = build_package(
        contents,
        lambda path, limit: contents[path],
        limits=replace(limits, mend=False),  # the package is valid already
        report=Report(),
        executables=package.executables,
    )
    kept = tuple(problem for problem in package.warnings if problem.code != "name-not-folder")
    return replace(made, warnings=kept)


def replace_name(skill_md: str, name: str) -> str:
    """Replace the `name` in the text of a valid SKILL.md."""
    frontmatter = split_document(skill_md).frontmatter
    value = _value_of_name(frontmatter)
    at = skill_md.index(frontmatter, len("---"))
    start, end = at + value.start_mark.index, at + value.end_mark.index
    before = skill_md[start:end]
    return skill_md[:start] + _as_yaml(name) + before[len(before.rstrip()) :] + skill_md[end:]


def _as_yaml(name: str) -> str:
    """The name as YAML, in quotes unless it reads as itself without them."""
    return name if is_skill_name(name) and yaml.safe_load(name) == name else json.dumps(name)


def _value_of_name(frontmatter: str) -> Any:
    """The YAML node of the name."""
    root: Any = yaml.compose(frontmatter, yaml.SafeLoader)
    return next(value for key, value in root.value if key.value == "name")
