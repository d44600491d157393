"""A catalog with one version in it and nothing else, so that it can be tried before it goes live."""

from __future__ import annotations

from mcp_gateway.catalog import LiveCatalog
from skills_registry.catalog import Changes, PublishedFile, PublishedSkill, get_catalog

ONE_HOUR = 3600.0
"""Longer than a try takes."""


class OneVersion:
    """See `Catalog`."""

    def __init__(self, skill: PublishedSkill) -> None:
        self._skill = skill

    def generation(self) -> int:
        """Always the same: nothing changes here."""
        return 1

    def is_incomplete(self) -> bool:
        """Never: it is all here."""
        return False

    def changes_since(self, generation: int) -> Changes:
        """The one version."""
        return Changes(1, [self._skill], [], complete=True)

    def cached_file(self, file: PublishedFile) -> bytes | None:
        """As of all files."""
        return get_catalog().cached_file(file)

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """From where all files are."""
        return get_catalog().read_file(skill, file)


def catalog_of(skill: PublishedSkill) -> LiveCatalog:
    """What a gateway answers from that serves this version alone."""
    return LiveCatalog(OneVersion(skill), refresh_seconds=ONE_HOUR, cache_bytes=0)
