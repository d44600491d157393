from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from skills_registry.catalog import get_catalog


class Command(BaseCommand):
    """Fill the disk cache of a new replica, so that its first calls need no request to S3."""

    help = "Reads every file of every live skill once, so that SKILL_CACHE_DIR holds them (STORAGE_BACKEND=s3)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Read all files. Files that are already in the cache cost no request."""
        if settings.STORAGE_BACKEND == "local":
            raise CommandError("With STORAGE_BACKEND=local all files are already on this machine.")
        catalog = get_catalog()
        files = [(skill, file) for skill in catalog.changes_since(0).published for file in skill.files]
        for skill, file in tqdm(files, unit="file", disable=None):
            catalog.read_file(skill, file)
        size = sum(file.size for _, file in files)
        self.stdout.write(f"{len(files)} files ({size:,} bytes) are in {settings.SKILL_CACHE_DIR}.")
        if size > settings.SKILL_CACHE_BYTES:
            self.stderr.write("SKILL_CACHE_BYTES is smaller than that, so some files were evicted.")
