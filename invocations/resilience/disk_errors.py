"""Recognize a full or read-only disk among file errors. Pure."""

from __future__ import annotations

import errno


def is_full(error: BaseException) -> bool:
    """Return whether the disk or quota is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_read_only(error: BaseException) -> bool:
    """Return whether the file system is read-only."""
    return isinstance(error, OSError) and error.errno == errno.EROFS
