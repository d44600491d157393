"""Rules for paths in a package, so that it unpacks the same on every system. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from .problems import Param, Params, Report

PATH_MAX_BYTES = 512
SEGMENT_MAX_BYTES = 255
SHOWN_MAX = 200
LISTED_MAX = 5
"""Most paths listed in one problem."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_DRIVE = re.compile(r"(^|/)[A-Za-z]:")
_CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, line and paragraph separators, and bidirectional controls."""
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
    """A reason to reject a path; the first rule that matches is reported."""

    code: str
    holds: Callable[[str], object]
    params: Params = field(default_factory=dict)


_RULES = (
    _Rule("path-not-utf8", _SURROGATE.search),
    _Rule(
        "path-too-long",
        lambda path: len(path.encode()) > PATH_MAX_BYTES or max(map(_length, path.split("/"))) > SEGMENT_MAX_BYTES,
        {"limit": PATH_MAX_BYTES, "name_limit": SEGMENT_MAX_BYTES},
    ),
    _Rule("path-empty", lambda path: path in ("", ".") or path.endswith("/.")),
    _Rule("path-backslash", lambda path: "\\" in path),
    _Rule("path-drive", _DRIVE.search),
    _Rule("path-absolute", lambda path: path.startswith("/")),
    _Rule("path-control-character", lambda path: _CONTROL_CHARACTER.search(path.removesuffix(_MAC_ICON))),
    _Rule("path-traversal", lambda path: ".." in path.split("/")),
    _Rule("path-empty-segment", lambda path: "//" in path),
)


def check_path(path: str, report: Report) -> bool:
    """Report problems of a path (folders end in a slash); return whether it may be kept."""
    broken = next((rule for rule in _RULES if rule.holds(path)), None)
    shown = printable(path)
    if broken:
        report.error(broken.code, broken.params, file=shown)
    elif _NOT_ON_WINDOWS.search(drop_dot_segments(path)) and not is_junk(path):
        report.warning("path-not-portable", file=shown)
    return broken is None


def drop_dot_segments(path: str) -> str:
    """The path without `.` segments, which some programs write (`./SKILL.md`)."""
    return "/".join(segment for segment in path.split("/") if segment != ".")


def is_junk(path: str) -> bool:
    """Whether this is a leftover of an operating system or of version control."""
    *folders, name = path.removesuffix("/").split("/")
    if JUNK_FOLDERS.intersection(folders) or (path.endswith("/") and name in JUNK_FOLDERS):
        return True
    return not path.endswith("/") and (name.lower() in _JUNK_FILES or name.startswith("._") or name.endswith(".pyc"))


def check_collisions(paths: Iterable[str], report: Report) -> None:
    """Report paths that collide on systems that ignore case or normalise Unicode; folders end in a slash."""
    # Sorting puts paths with the same folded prefix next to each other.
    ordered = sorted((_fold(path).split("/"), path.split("/")) for path in paths)
    reported: set[str] = set()
    for one, other in itertools.pairwise(ordered):
        clash = _find_collision(*one, *other)
        if clash and clash[0] not in reported:
            reported.add(clash[0])
            report.error("path-collision", clash[1], file=printable(clash[0]))


def printable(path: str) -> str:
    """The path, shortened, with control and other invisible characters escaped."""
    shown = path[:SHOWN_MAX] + ("..." if len(path) > SHOWN_MAX else "")
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _INVISIBLE else c for c in shown)


def first_few(names: Iterable[str]) -> list[str]:
    """The first LISTED_MAX names, sorted and printable."""
    return [printable(name) for name in sorted(names)[:LISTED_MAX]]


def path_params(paths: Collection[str]) -> dict[str, Param]:
    """Problem parameters: the first few paths, and the count of all."""
    return {"paths": first_few(paths), "count": len(paths)}


def _find_collision(
    one_folded: list[str], one: list[str], other_folded: list[str], other: list[str]
) -> tuple[str, Params] | None:
    """The path at which two neighbours collide, and the problem's parameters."""
    for depth, (a, b) in enumerate(zip(one, other, strict=False)):
        if one_folded[depth] != other_folded[depth]:
            return None
        if a != b:
            there, here = ("/".join(path[: depth + 1]) for path in (one, other))
            return here, {"path": printable(there)}
    return ("/".join(one), {"case": "file-and-folder"}) if len(one) < len(other) else None


def _fold(path: str) -> str:
    """The path folded for Unicode's canonical caseless matching."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _length(segment: str) -> int:
    return len(segment.encode())
