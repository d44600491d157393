"""The published catalog: what gateways may know of the registry."""

from __future__ import annotations

from skills_registry.manifest_fields import argument_names
from skills_registry.media_types import text_of

from .base import Catalog, Changes, PublishedFile, PublishedSkill, instructions
from .orm import OrmCatalog
from .signals import catalog_changed

__all__ = [
    "Catalog",
    "Changes",
    "PublishedFile",
    "PublishedSkill",
    "argument_names",
    "catalog_changed",
    "get_catalog",
    "instructions",
    "text_of",
]


def get_catalog() -> Catalog:
    """The catalog that this installation's storage backend calls for."""
    return OrmCatalog()
