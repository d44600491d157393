"""Which file names a package may hold, so that it means the same on every system. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from .problems import Report

PATH_MAX_BYTES = 512
SEGMENT_MAX_BYTES = 255
SHOWN_MAX = 200

_SURROGATE = re.compile("[\ud800-\udfff]")
_DRIVE = re.compile(r"(^|/)[A-Za-z]:")
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, line and paragraph separators, and what turns the direction of text."""
_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*]|[. ](/|$)|(^|/)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.[^/]*)?(/|$)', re.IGNORECASE
)
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
_MAC_ICON = "Icon\r"
JUNK_FOLDERS = {
    "__MACOSX", ".AppleDouble", ".fseventsd", ".Spotlight-V100", ".TemporaryItems", ".Trashes", "$RECYCLE.BIN",
    "System Volume Information", ".git", ".hg", ".svn", "__pycache__",
}  # fmt: skip
_JUNK_FILES = {".ds_store", ".localized", ".git", "thumbs.db", "desktop.ini", _MAC_ICON.lower()}


@dataclass(frozen=True)
class _Rule:
    """What no path may be; the first rule that holds for a path refuses it."""

    code: str
    holds: Callable[[str], object]
    what: str
    hint: str


_RULES = (
    _Rule("path-not-utf8", _SURROGATE.search, "the path is not written in UTF-8", "Rename the file."),
    _Rule(
        "path-too-long",
        lambda path: len(path.encode()) > PATH_MAX_BYTES or max(map(_length, path.split("/"))) > SEGMENT_MAX_BYTES,
        "the path is too long",
        f"At most {PATH_MAX_BYTES} bytes for the path and {SEGMENT_MAX_BYTES} for each name in it.",
    ),
    _Rule(
        "path-empty",
        lambda path: path in ("", ".") or path.endswith("/."),
        "an entry has no file name",
        "Create the zip again with another program.",
    ),
    _Rule("path-backslash", lambda path: "\\" in path, "the path contains a backslash", "Use / between folders."),
    _Rule("path-drive", _DRIVE.search, "the path names a drive", "Use paths inside the package."),
    _Rule("path-absolute", lambda path: path.startswith("/"), "the path is absolute", "Use paths inside the package."),
    _Rule(
        "path-control-character",
        lambda path: _UNSPEAKABLE.search(path.removesuffix(_MAC_ICON)),
        "the path contains a control character or one that reverses the direction of text",
        "Rename the file.",
    ),
    _Rule("path-traversal", lambda path: ".." in path.split("/"), "the path contains `..`", "Remove the `..`."),
    _Rule("path-empty-segment", lambda path: "//" in path, "the path has an empty folder name", "Remove the `//`."),
)


def check_path(path: str, report: Report) -> bool:
    """Report what is wrong with a path (folders end in a slash), and say whether it may be kept."""
    broken = next((rule for rule in _RULES if rule.holds(path)), None)
    shown = printable(path)
    if broken:
        report.error(broken.code, broken.what, broken.hint, file=shown)
    elif _NOT_ON_WINDOWS.search(clean(path)) and not is_junk(path):
        report.warning(
            "path-not-portable", "this cannot be stored on Windows", "Rename it if agents run there.", file=shown
        )
    return broken is None


def clean(path: str) -> str:
    """The path without `.` segments, as some programs write them (`./SKILL.md`)."""
    return "/".join(segment for segment in path.split("/") if segment != ".")


def is_junk(path: str) -> bool:
    """Whether an operating system or version control left this behind rather than the skill's author."""
    *folders, name = path.removesuffix("/").split("/")
    if JUNK_FOLDERS.intersection(folders) or (path.endswith("/") and name in JUNK_FOLDERS):
        return True
    return not path.endswith("/") and (name.lower() in _JUNK_FILES or name.startswith("._") or name.endswith(".pyc"))


def check_collisions(paths: Iterable[str], report: Report) -> None:
    """Report files and folders that become one on systems that fold case or normalise Unicode.

    Folders, where they are listed themselves, end in a slash.
    """
    # Paths that fold to the same beginning are neighbours in this order.
    ordered = sorted((_fold(path).split("/"), path.split("/")) for path in paths)
    told: set[str] = set()
    for one, other in itertools.pairwise(ordered):
        clash = _clash(*one, *other)
        if clash and clash[0] not in told:
            told.add(clash[0])
            report.error("path-collision", clash[1], "Rename one of them.", file=printable(clash[0]))


def printable(path: str) -> str:
    """The path with every control or direction character written as an escape, short enough to show."""
    shown = path[:SHOWN_MAX] + ("..." if len(path) > SHOWN_MAX else "")
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _INVISIBLE else c for c in shown)


def listed(paths: Collection[str]) -> str:
    """The first few of the paths, and how many more there are."""
    shown = ", ".join(printable(path) for path in sorted(paths)[:5])
    return f"{shown} and {len(paths) - 5} more" if len(paths) > 5 else shown


def _clash(one_folded: list[str], one: list[str], other_folded: list[str], other: list[str]) -> tuple[str, str] | None:
    """Where two neighbours collide, and how."""
    for depth, (a, b) in enumerate(zip(one, other, strict=False)):
        if one_folded[depth] != other_folded[depth]:
            return None
        if a != b:
            there, here = ("/".join(path[: depth + 1]) for path in (one, other))
            return here, f"this differs from {printable(there)} only in case or Unicode form"
    return ("/".join(one), "this is both a file and a folder") if len(one) < len(other) else None


def _fold(path: str) -> str:
    """What all spellings of a path have in common (Unicode's canonical caseless matching)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _length(segment: str) -> int:
    return len(segment.encode())
