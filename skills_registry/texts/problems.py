"""The text of every problem by its code, and after a slash its `case` where a code has several. Pure."""

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
    # What an operation says, which is in the reader's language already
    "conflict": Text("{reason}"),
    "store-failed": Text("{reason}"),
    "not-published": Text("{reason}"),
}

WRITE = _("{advice} Write: `{line}`.")
"""The hint of a problem whose line can be mended: parameter `write` is the line as it should be."""

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
"""How a parameter `kind` reads in a sentence."""
