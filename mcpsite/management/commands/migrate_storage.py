from __future__ import annotations

from argparse import ArgumentParser
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.module_loading import import_string
from tqdm import tqdm

from invocations.recording.handover import Handover
from invocations.stores.base import InvocationStore
from skills_registry.maintenance.backend_migration import Migration, MigrationResult, versions_to_copy
from skills_registry.models import Skill, SkillVersion

OTHER = {"local": "s3", "s3": "local"}


class Command(BaseCommand):
    """Copy data between storage backends, in either direction; see `docs/storage.md`."""

    help = (
        "Copies packages, staged uploads, live versions and call counters to the other backend. "
        "May be interrupted and repeated; deletes nothing. Exit status 1 if anything could not be copied."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--to", required=True, choices=sorted(OTHER), help="the backend to copy to")
        parser.add_argument("--dry-run", action="store_true", help="only report what would be copied")

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy versions, then write the catalog, then copy the counters."""
        target = options["to"]
        migration = Migration(OTHER[target], target, settings.PROJECTIONS_OF[target], dry_run=options["dry_run"])
        self._copy(migration)
        counters = self._copy_counters(OTHER[target], target, migration.done, dry_run=options["dry_run"])
        self._report(migration.done, counters, dry_run=options["dry_run"])

    def _copy(self, migration: Migration) -> None:
        total = SkillVersion.objects.ready().count()
        with tqdm(total=total, unit="version", disable=None) as bar:
            for name, group in groupby(versions_to_copy(), key=lambda version: version.skill.name):
                skill = Skill.objects.with_summary().get(name=name)
                whole = set()
                for version in group:
                    if migration.copy_version(version):
                        whole.add(version.pk)
                    bar.update()
                # An incomplete version must not be served from the target.
                if skill.live_version_id is None or skill.live_version_id in whole:
                    migration.project(skill)
        migration.copy_uploads()

    def _copy_counters(self, source: str, target: str, done: MigrationResult, *, dry_run: bool) -> int:
        carried = 0
        stores: dict[str, InvocationStore] = {
            name: import_string(path)() for name, path in settings.INVOCATION_STORES.items()
        }
        try:
            if source == "s3" and not dry_run:  # so that these calls are in the counters
                Handover(lambda: storages["skills-s3"]).take_over(stores[source].write_batch)
            for counter in stores[source].counters():
                if counter.own_calls:
                    carried += 1
                    if not dry_run:
                        stores[target].import_counter(counter)
        except (OSError, DatabaseError) as error:
            done.fail(f"counters: {error}")
        return carried

    def _report(self, done: MigrationResult, counters: int, *, dry_run: bool) -> None:
        verb = "would be copied" if dry_run else "copied"
        self.stdout.write(
            f"{done.files} files ({done.bytes:,} bytes), {done.uploads} uploads and {counters} counters {verb}; "
            f"{done.already_present} files already existed."
        )
        for failure in done.failures:
            self.stdout.write(self.style.ERROR(failure))
        if done.failures:
            raise CommandError(f"{len(done.failures)} items could not be copied; see above.")
