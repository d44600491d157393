"""Files and folders as people drop them -> the packages among them. Pure: looks at paths alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .folder import ARCHIVE_SUFFIXES
from .manifest_fields import SKILL_MD
from .paths import PATH_MAX_BYTES, is_junk
from .skill_root import outermost


@dataclass(frozen=True)
class Bundle:
    """What makes one package: its name as a zip, the index of each file by its path in it, and where it was."""

    name: str
    files: dict[str, int]
    place: str = ""


@dataclass(frozen=True)
class SortedFiles:
    """The archives (by index), the packages to be made of loose files, and the paths that belong to neither."""

    archives: list[int]
    bundles: list[Bundle]
    left_out: list[str]


def sort_into_packages(paths: list[str]) -> SortedFiles:
    """Find the packages: each folder with a SKILL.md with all that lies below it; zips outside of them.

    Files among which there is no SKILL.md at all make one package, whose review says what is missing.
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
    """The folders that a path lies in, from the top ("") on."""
    yield ""
    for index, character in enumerate(path[:PATH_MAX_BYTES]):  # longer ones are refused
        if character == "/":
            yield path[: index + 1]


def _is_skill_md(name: str) -> bool:
    return name.lower() == SKILL_MD.lower()


def _path_in_package(folder: str, path: str) -> str:
    """The path from the skill's own folder on, as if that had been zipped by itself."""
    above = folder.rstrip("/").rpartition("/")[0]
    return path.removeprefix(f"{above}/") if above else path


def _zip_name(paths: Iterable[str]) -> str:
    """A file name for a zip: that of its one top folder, if any."""
    tops = {path.partition("/")[0] for path in paths if "/" in path}
    return f"{tops.pop()}.zip" if len(tops) == 1 and all("/" in path for path in paths) else "files.zip"
