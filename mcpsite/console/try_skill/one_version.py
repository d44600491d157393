"""A catalog that holds a single version, so that it can be tried before it goes live."""

from __future__ import annotations

from mcp_gateway.catalog import LiveCatalog
from skills_registry.catalog import Changes, PublishedFile, PublishedSkill, get_catalog

ONE_HOUR = 3600.0
"""Longer than any trial takes."""


class SingleVersionCatalog:
    """See `Catalog`."""

    def __init__(self, skill: PublishedSkill) -> None:
        self._skill = skill

    def generation(self) -> int:
        """Return a constant: nothing changes."""
        return 1

    def is_incomplete(self) -> bool:
        """Return False: the catalog is complete."""
        return False

    def changes_since(self, generation: int) -> Changes:
        """Return the single version."""
        return Changes(1, [self._skill], [], complete=True)

    def cached_file(self, file: PublishedFile) -> bytes | None:
        """See `Catalog`."""
        return get_catalog().cached_file(file)

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """See `Catalog`."""
        return get_catalog().read_file(skill, file)


def single_version_catalog(skill: PublishedSkill) -> LiveCatalog:
    """Return a live catalog that serves this version only."""
    return LiveCatalog(SingleVersionCatalog(skill), refresh_seconds=ONE_HOUR, cache_bytes=0)
