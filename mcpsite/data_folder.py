"""The folder that everything is written to is its owner's alone: tokens' hashes, sessions and skills are in it."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

OTHERS = 0o077
"""What group and others may do with a file."""


def private_folder(path: Path) -> Path:
    """The folder, made where it is missing; from now on this process writes nothing that others can read.

    What others can read of an older folder is taken from them, and said. Below it nobody but the owner gets,
    whatever the files there allow.
    """
    os.umask(OTHERS)
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_mode & stat.S_ISVTX:
        log.warning("%s is shared by users, so that what is kept there is not protected from them", path)
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
    except FileNotFoundError:  # gone meanwhile, as the files beside a database are
        return
    except OSError as error:
        log.warning("%s can be read by other users, and that cannot be changed: %s", path, error.strerror)
    else:
        log.warning("%s could be read by other users (mode %o); it is its owner's alone now", path, mode)
