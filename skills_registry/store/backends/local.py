"""Files below one directory: the default."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from . import Change


class LocalSkillStorage(FileSystemStorage):
    """Files below one directory."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name unchanged: saving to a taken name is an error."""
        return name

    def _save(self, name: str, content: Any) -> str:
        self._write(Path(self.path(name)), content.read(), os.link)
        return name

    def read(self, name: str, limit: int = -1) -> bytes:
        """Read a file, or its first `limit` bytes. Raises FileNotFoundError."""
        with self.open(name) as file:
            content: bytes = file.read(limit)
        return content

    def update(self, name: str, change: Change, limit: int = -1) -> None:
        """Replace a file's content atomically.

        `change` gets the content (as from `read`; None if there is no file) and returns the new content, or
        None to leave the file unchanged.
        """
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(f".{target.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = change(self.read(name, limit) if target.exists() else None)
            if content is not None:
                self._write(target, content, os.replace)

    def erase(self, name: str) -> bool:
        """Delete a file, or a folder (a name with a slash at the end); return whether nothing of it is left."""
        path = Path(self.path(name))
        if name.endswith("/"):
            shutil.rmtree(path, ignore_errors=not path.exists())
        else:
            path.unlink(missing_ok=True)
        return True

    def check_access(self) -> None:
        """Raise OSError if files cannot be written."""
        folder = Path(self.location)
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()

    def _write(self, target: Path, content: bytes, place: Callable[[str, Path], None]) -> None:
        """Write a temporary file and move it to the target, so that no reader sees a partial file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            place(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)
