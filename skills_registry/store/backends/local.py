"""Files below one directory: the default."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from invocations.resilience.disk_errors import is_full, is_read_only
from invocations.resilience.unavailable import MissingFile, StoreUnavailable

from . import Change


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """Raise StoreUnavailable for a disk that fails; a name that is free or taken, and a full disk, are answers."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFile(error.errno, error.strerror, error.filename) from error
    except OSError as error:
        if isinstance(error, FileExistsError) or is_full(error) or is_read_only(error):
            raise
        raise StoreUnavailable(error.errno, error.strerror, error.filename) from error


class LocalSkillStorage(FileSystemStorage):
    """Files below one directory."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name unchanged: saving to a taken name is an error."""
        return name

    @_as_unavailable()
    def _save(self, name: str, content: Any) -> str:
        self._write(Path(self.path(name)), content.read(), os.link)
        return name

    @_as_unavailable()
    def read(self, name: str, limit: int = -1) -> bytes:
        """Read a file, or its first `limit` bytes. Raises FileNotFoundError."""
        with self.open(name) as file:
            content: bytes = file.read(limit)
        return content

    @_as_unavailable()
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

    @_as_unavailable()
    def erase(self, name: str) -> bool:
        """Delete a file, or a folder (a name with a slash at the end); return whether nothing of it is left."""
        path = Path(self.path(name))
        if name.endswith("/"):
            shutil.rmtree(path, ignore_errors=not path.exists())
        else:
            path.unlink(missing_ok=True)
        return True

    @_as_unavailable()
    def check_access(self) -> None:
        """Raise OSError if files cannot be written."""
        folder = Path(self.location)
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()

    @_as_unavailable()
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """The names of the folders and files in a folder. Raises MissingFile if there is none."""
        return super().listdir(path)

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
