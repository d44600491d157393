"""The secret key of an installation that was given none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def read_or_create_secret_key(path: Path) -> str:
    """The key kept in `path`, made at the first start, readable by its owner alone.

    Replicas that share sessions need a common SECRET_KEY in their environment instead.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(get_random_secret_key())
            file.flush()
            try:
                os.link(file.name, path)
            except FileExistsError:
                pass  # another process of the same start was first; its key is whole and is used
    return path.read_text()
