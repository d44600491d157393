"""Packages of files in memory, through the rules that zips and folders end in."""

from __future__ import annotations

from collections.abc import Mapping

from skills_registry.package import Limits, Package, gather
from skills_registry.problems import Report


def assemble(files: Mapping[str, bytes]) -> Package:
    """The package of these files by path. Raises InvalidSkill."""
    return gather(files, lambda path, _: files[path], limits=Limits(), report=Report())
