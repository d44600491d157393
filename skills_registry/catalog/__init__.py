"""The published catalog: the registry as gateways see it."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from skills_registry.audience import EVERYBODY, Audience
from skills_registry.media_types import decode_text
from skills_registry.packages.manifest_fields import argument_names, is_prompt, is_skill_name, is_tool

from .base import Catalog, Changes, PublishedFile, PublishedSkill, instructions
from .signals import catalog_changed

__all__ = [
    "EVERYBODY",
    "Audience",
    "Catalog",
    "Changes",
    "PublishedFile",
    "PublishedSkill",
    "argument_names",
    "catalog_changed",
    "decode_text",
    "get_catalog",
    "instructions",
    "is_prompt",
    "is_skill_name",
    "is_tool",
]


def get_catalog() -> Catalog:
    """Create the catalog for the configured storage backend."""
    catalog: Catalog = import_string(settings.PUBLISHED_CATALOG)()
    return catalog
