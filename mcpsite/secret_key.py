"""The generated secret key of an installation without SECRET_KEY."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def read_or_create_secret_key(path: Path) -> str:
    """Return the key in `path`, creating it at the first start, readable by its owner only.

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
                pass  # another process was first; its key is complete, so use it
    return path.read_text()
