"""What was found where recorded calls wait and is none, or is refused by the store: kept for somebody to look at."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import orjson

from .spool_lines import Rejected

log = logging.getLogger(__name__)

FILES_MAX = 1_000
"""What comes after so many stays where it is."""


class SetAside:
    """A folder of such files, made when the first is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def count(self) -> int:
        """How many files are there to be looked at."""
        try:
            return sum(1 for _ in self._folder.iterdir())
        except OSError:
            return 0

    def keep(self, name: str, rejected: Sequence[Rejected]) -> None:
        """Write lines, each with the reason why it is here, to a file of that name. Raises OSError."""
        log.error("%s: %d lines are not calls that can be logged: %s", name, len(rejected), rejected[0].reason)
        if self.count() >= FILES_MAX:
            raise OSError(f"{self._folder} holds {FILES_MAX} files already")
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(encode_rejected(rejected))

    def move(self, path: Path) -> None:
        """Move what is no file of calls here. Raises OSError."""
        log.error("%s is not a file of calls; it is moved to %s", path, self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        path.rename(self._folder / path.name)


def encode_rejected(rejected: Sequence[Rejected]) -> bytes:
    """A line of JSON for each."""
    return b"".join(
        orjson.dumps(
            {"reason": one.reason, "line": one.line.decode("utf-8", "backslashreplace")},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for one in rejected
    )
