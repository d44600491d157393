"""A disk that is full, told from all that can go wrong with files. Pure."""

from __future__ import annotations

import errno


def is_full(error: BaseException) -> bool:
    """Whether there was no room for what was to be written."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
