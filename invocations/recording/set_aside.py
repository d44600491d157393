"""Spool lines and files that are not calls or that the store rejects, kept for an operator to inspect."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import orjson

from .spool_lines import Rejected

log = logging.getLogger(__name__)

FILES_MAX = 1_000
"""Once this many files are here, further ones stay where they are."""


class SetAside:
    """The folder of rejected files, created when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def count(self) -> int:
        """Return the number of files."""
        try:
            return sum(1 for _ in self._folder.iterdir())
        except OSError:
            return 0

    def keep(self, name: str, rejected: Sequence[Rejected]) -> None:
        """Write rejected lines with their reasons to a file. Raises OSError."""
        log.error("%s: %d lines cannot be logged: %s", name, len(rejected), rejected[0].reason)
        if self.count() >= FILES_MAX:
            raise OSError(f"{self._folder} holds {FILES_MAX} files already")
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(encode_rejected(rejected))

    def move(self, path: Path) -> None:
        """Move a file that does not hold calls here. Raises OSError."""
        log.error("%s is not a spool file; moving it to %s", path, self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        path.rename(self._folder / path.name)


def encode_rejected(rejected: Sequence[Rejected]) -> bytes:
    """Encode rejected lines as JSON Lines."""
    return b"".join(
        orjson.dumps(
            {"reason": one.reason, "line": one.line.decode("utf-8", "backslashreplace")},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for one in rejected
    )
