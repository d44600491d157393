"""Fills an installation through `services`: SKILLS skills of VERSIONS versions each, the newest live."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import django
from tqdm import tqdm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
django.setup()

from django.db import connection  # noqa: E402

from skills_registry import services  # noqa: E402
from tests.support.packages import package  # noqa: E402

WRITERS = 4


def main() -> None:
    """Fill the installation."""
    skills, versions = map(int, sys.argv[1:])
    with ThreadPoolExecutor(WRITERS) as pool, tqdm(total=skills, unit="skill", disable=None) as bar:
        for _ in pool.map(lambda number: fill(f"bench-{number:04}", versions), range(skills)):
            bar.update()


def fill(name: str, versions: int) -> None:
    """Create one skill with all its versions."""
    try:
        for number in range(1, versions + 1):
            # Only SKILL.md differs, as between most versions of most skills.
            made, _ = services.create_version(
                package(name, f"Version {number}. " + "Do this, then that. " * 100, {"references/a.md": f"{name} a"})
            )
        services.publish(made.skill, made.number)
    finally:
        connection.close()


if __name__ == "__main__":
    main()
