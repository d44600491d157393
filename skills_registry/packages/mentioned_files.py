"""Finds files that a SKILL.md mentions but the package lacks. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote

from .manifest_fields import SKILL_MD
from .paths import printable
from .problems import Report

READ_MAX = 256 * 1024
"""Characters that are searched; no agent reads more."""
MENTIONS_MAX = 50
"""Most warnings of each kind."""
_USUAL_FOLDERS = frozenset({"scripts", "references", "assets"})
_SHELLS = {"", "bash", "sh", "shell", "zsh", "console", "powershell"}
_LINE = re.compile(r"\r\n?|\n")
_FENCE = re.compile(r"[ >]{0,9}(?:[-*] )?(`{3,}|~{3,})[ ]*(\w*)")
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\]\(<?([^()\s<>]{1,500})")
_PLUGIN_ROOT = re.compile(r"\$\{?CLAUDE_PLUGIN_ROOT\}?")
_PATH = re.compile(
    r"(?<![\w./${}~:@<>*\\=#?&%-])(?>\$\{CLAUDE_SKILL_DIR\}/|\./)?"
    r"((?>(?:\.\./){0,9})(?>[\w-]{1,60}(?:/[\w.@-]{1,100}){0,9}))(?![\w/*{}<>$(\\-])"
)
"""A relative path in prose; the atomic groups keep a match from stopping short."""
_NOT_A_FILE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[#/?]")
"""Start of a link that does not lead to a file of the package."""
_EXAMPLE = re.compile(
    r"[{}*$]|\.\.\.|(?<![a-z0-9])(?:x{2,}|your|my|path|foo|bar|baz|name|example|some|new|old)(?![a-z0-9])",
    re.IGNORECASE,
)
_FILE = re.compile(r"/?[^/]*\.[A-Za-z0-9]{1,10}")


def check_mentions(skill_md: str, files: Collection[str], report: Report) -> None:
    """Warn of files that SKILL.md mentions and that are outside the package, or missing in it.

    Of code, only shell commands count, and only paths in folders that the package has: other code is an example.
    """
    known = _add_folders(files)
    outside: dict[str, int] = {}
    missing: dict[str, int] = {}
    for line, path in _find_paths(skill_md, known):
        found = outside if path.startswith(("../", "$")) else missing
        if path not in known and len(found) < MENTIONS_MAX:
            found.setdefault(path, line)
    for path, line in outside.items():
        report.warning("file-outside-package", {"path": printable(path)}, file=SKILL_MD, line=line)
    for path, line in missing.items():
        report.warning("file-missing", {"path": printable(path)}, file=SKILL_MD, line=line)


def _add_folders(files: Collection[str]) -> set[str]:
    """The files and all their parent folders."""
    return {"/".join(parts[:end]) for parts in (path.split("/") for path in files) for end in range(1, len(parts) + 1)}


def _find_paths(skill_md: str, known: Collection[str]) -> Iterator[tuple[int, str]]:
    """Paths mentioned in a SKILL.md, with line numbers."""
    for number, line, language in _lines(skill_md):
        if "/" not in line and "](" not in line and "$" not in line:
            continue
        for root in _PLUGIN_ROOT.findall(line):
            yield number, root
        folders = known if language is not None else _USUAL_FOLDERS.union(known)
        if language is None:
            yield from ((number, path) for path in _find_links(_CODE.sub("", line)))
        if language is None or language in _SHELLS:
            yield from ((number, path) for path in _find_written_paths(line, folders))


def _lines(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Lines of a Markdown text: number, text, and the language inside fences (else None)."""
    fence = ""
    language = ""
    for number, line in enumerate(_LINE.split(text[:READ_MAX]), 1):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence, language = mark[1], mark[2].lower()
        elif fence and mark and mark[1].startswith(fence) and not mark[2]:
            fence = ""
        else:
            yield number, line, language if fence else None


def _find_links(line: str) -> Iterator[str]:
    for target in _LINK.findall(line):
        if not _NOT_A_FILE.match(target) and not _EXAMPLE.search(target):
            path = posixpath.normpath(unquote(re.split("[#?]", target)[0]))
            if _FILE.search(path):
                yield path


def _find_written_paths(line: str, folders: Collection[str]) -> Iterator[str]:
    """File paths in a line that start with `..` or with one of the folders; others are too uncertain."""
    for match in _PATH.finditer(line):
        path = match[1].rstrip(".")
        top, slash, rest = path.partition("/")
        is_meant = slash and (top == ".." or top in folders) and not _EXAMPLE.search(path)
        if is_meant and _FILE.fullmatch(rest.rpartition("/")[2]):
            yield posixpath.normpath(path)
