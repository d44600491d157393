"""A disk that is full or can only be read, told from all that can go wrong with files. Pure."""

from __future__ import annotations

import errno


def is_full(error: BaseException) -> bool:
    """Whether there was no room for what was to be written."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_read_only(error: BaseException) -> bool:
    """Whether nothing can be written there at all."""
    return isinstance(error, OSError) and error.errno == errno.EROFS
