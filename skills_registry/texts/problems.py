"""Texts of problems by code, or by code and case (`code/case`) if a code has several texts. Pure."""

from __future__ import annotations

from .archives import ARCHIVE_TEXTS
from .manifests import MANIFEST_TEXTS
from .text import Text
from .text import gettext_noop as _

PROBLEM_TEXTS: dict[str, Text] = {
    **ARCHIVE_TEXTS,
    **MANIFEST_TEXTS,
    "name-clash": Text(
        _("another skill is called `{name}`: {paths}"),
        _("Rename one of them with --rename PATH=NAME, or import them separately, one with --prefix."),
    ),
    "more-problems/error": Text(_("only the first {limit} errors are listed"), _("Fix these first.")),
    "more-problems/warning": Text(_("only the first {limit} warnings are listed"), _("Fix these first.")),
    "unreadable": Text(_("cannot be read: {reason}")),
    "too-much-work": Text(
        _("this package takes too much time or memory to read"),
        _("Split very long lines and files, and remove what the skill does not need."),
    ),
    "server-busy": Text(_("the server is busy reading other packages"), _("Try again in a minute.")),
    # `reason` comes from an operation and is already in the reader's language
    "conflict": Text("{reason}"),
    "store-failed": Text("{reason}"),
    "not-published": Text("{reason}"),
}

WRITE = _("{advice} Write: `{line}`.")
"""Hint of a problem on a mendable line; the parameter `write` is the corrected line."""

KINDS = {
    "boolean": _("true or false"),
    "number": _("a number"),
    "list": _("a list"),
    "mapping": _("a mapping"),
    "text": _("text"),
    "null": _("empty"),
    "gzip": _("a gzip file"),
    "bzip2": _("a bzip2 file"),
    "xz": _("an xz file"),
    "zstd": _("a zstd file"),
    "rar": _("a rar archive"),
    "7z": _("a 7z archive"),
    "skill-md": _("a SKILL.md by itself"),
    "empty": _("an empty file"),
    "tar": _("a tar archive"),
    "other": _("something else"),
}
"""Words for the parameter `kind` in a sentence."""
