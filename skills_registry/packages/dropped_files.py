"""Finds the packages among files and folders dropped on the upload page. Pure: looks at paths only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .folder import ARCHIVE_SUFFIXES
from .manifest_fields import SKILL_MD
from .paths import PATH_MAX_BYTES, is_junk
from .skill_root import outermost


@dataclass(frozen=True)
class Bundle:
    """Files of one package: its zip name, the upload index of each file by path, and its original folder."""

    name: str
    files: dict[str, int]
    place: str = ""


@dataclass(frozen=True)
class SortedFiles:
    """Dropped files by use: zips (by index), packages to make from loose files, and paths left out."""

    archives: list[int]
    bundles: list[Bundle]
    left_out: list[str]


def sort_into_packages(paths: list[str]) -> SortedFiles:
    """Sort paths into packages: each folder with a SKILL.md, and each zip outside such folders.

    Without any zip or SKILL.md, all files become one package, whose inspection says what is missing.
    """
    folders = {path[: -len(name)] for path in paths if _is_skill_md(name := path.rpartition("/")[2])}
    inside: dict[str, dict[str, int]] = {folder: {} for folder in outermost(folders)}
    archives: list[int] = []
    loose: dict[str, int] = {}
    for index, path in enumerate(paths):
        folder = next((folder for folder in _folders(path) if folder in inside), None)
        if folder is not None:
            inside[folder][_path_in_package(folder, path)] = index
        elif path.lower().endswith(ARCHIVE_SUFFIXES):
            archives.append(index)
        else:
            loose[path] = index
    bundles = [Bundle(_zip_name(files), files, folder) for folder, files in inside.items()]
    if loose and not bundles and not archives:
        return SortedFiles([], [Bundle(_zip_name(loose), loose)], [])
    return SortedFiles(archives, bundles, [path for path in loose if not is_junk(path)])


def _folders(path: str) -> Iterator[str]:
    """The path's parent folders, from the top ("") down."""
    yield ""
    for index, character in enumerate(path[:PATH_MAX_BYTES]):  # longer paths are rejected
        if character == "/":
            yield path[: index + 1]


def _is_skill_md(name: str) -> bool:
    return name.lower() == SKILL_MD.lower()


def _path_in_package(folder: str, path: str) -> str:
    """The path starting with the skill's own folder, as if that folder had been zipped."""
    above = folder.rstrip("/").rpartition("/")[0]
    return path.removeprefix(f"{above}/") if above else path


def _zip_name(paths: Iterable[str]) -> str:
    """File name for the zip: that of the single top folder, else `files.zip`."""
    tops = {path.partition("/")[0] for path in paths if "/" in path}
    return f"{tops.pop()}.zip" if len(tops) == 1 and all("/" in path for path in paths) else "files.zip"
