"""The data folder, readable by its owner only: it holds token hashes, sessions and skills."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

OTHERS = 0o077
"""Permission bits of group and others."""


def make_private_folder(path: Path) -> Path:
    """Create the folder if missing and remove access by others; sets the process's umask too.

    Access by others to an existing folder and its direct files is removed and logged. Others cannot reach
    files further down, whatever their mode.
    """
    os.umask(OTHERS)
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_mode & stat.S_ISVTX:
        log.warning("%s is a shared folder (sticky bit); its contents are not protected from other users", path)
        return path
    for loose in (path, *(file for file in path.iterdir() if file.is_file() and not file.is_symlink())):
        _tighten(loose)
    return path


def _tighten(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & OTHERS:
            return
        path.chmod(mode & ~OTHERS)
    except FileNotFoundError:  # removed meanwhile, like SQLite's journal files
        return
    except OSError as error:
        log.warning("%s is readable by other users, and its mode cannot be changed: %s", path, error.strerror)
    else:
        log.warning("%s was readable by other users (mode %o); restricted it to its owner", path, mode)
