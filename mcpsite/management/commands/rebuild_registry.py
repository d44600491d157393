from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from invocations.stores.base import Counter
from invocations.stores.dynamodb import DynamoStore
from invocations.stores.orm import OrmStore
from skills_registry.catalog import get_catalog
from skills_registry.maintenance.rebuild import RebuildResult, rebuild
from skills_registry.store import package_store


class Command(BaseCommand):
    """Restore the registry after a database loss; run it on a migrated, empty database."""

    help = (
        "Restores skills, versions, live versions and (with STORAGE_BACKEND=s3) counters from the package store "
        "and the published catalog. May be repeated. Exit status 1 if anything could not be restored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--dry-run", action="store_true", help="only report what would be restored")
        parser.add_argument(
            "--skip-broken", action="store_true", help="restore a skill without its incomplete versions"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore skill by skill, then the counters."""
        try:
            published = (skill.name for skill in get_catalog().changes_since(0).published)
            names = sorted({*package_store.list_skills(), *published})
            if not names:
                raise CommandError(f"Nothing to restore from: the package store ({self._store()}) is empty.")
            done = [
                self._rebuild(name, options["dry_run"], options["skip_broken"])
                for name in tqdm(names, unit="skill", disable=None)
            ]
            counters = 0 if options["dry_run"] else self._restore_counters()
        except OSError as error:
            raise CommandError(f"The store does not answer: {error}. Run it again; nothing is half restored.") from None
        self._report(done, counters, dry_run=options["dry_run"])

    def _rebuild(self, name: str, dry_run: bool, skip_broken: bool) -> RebuildResult:
        """Restore a skill; a failure is reported and does not stop the others."""
        try:
            return rebuild(name, dry_run=dry_run, skip_broken=skip_broken)
        except (OSError, ValueError, DatabaseError) as error:
            return RebuildResult(name, failures=[f"it could not be restored: {error}"])

    def _store(self) -> str:
        if settings.STORAGE_BACKEND == "s3":
            return f"bucket {settings.S3_SKILLS_BUCKET}"
        return f"below {settings.DATA_DIR}"

    def _restore_counters(self) -> int:
        """Restore counters; what this database counted is the imported part in DynamoDB, and vice versa."""
        if settings.STORAGE_BACKEND != "s3":
            return 0
        restored = 0
        for counter in DynamoStore().counters():
            OrmStore().restore_counter(
                Counter(
                    counter.skill,
                    counter.calls,
                    counter.errors,
                    counter.last_call,
                    imported_calls=counter.own_calls,
                    imported_errors=counter.own_errors,
                )
            )
            restored += 1
        return restored

    def _report(self, done: list[RebuildResult], counters: int, *, dry_run: bool) -> None:
        for rebuilt in done:
            live = f", {rebuilt.live} live" if rebuilt.live else ""
            state = "is there already" if rebuilt.already_present else f"{rebuilt.versions} versions{live}"
            self.stdout.write(f"{rebuilt.name}: {state}")
            for note in rebuilt.notes:
                self.stdout.write(f"    {note}")
            for failure in rebuilt.failures:
                self.stdout.write(self.style.ERROR(f"    {failure}"))
        broken = sum(bool(rebuilt.failures) for rebuilt in done)
        verb = "would be restored" if dry_run else "restored"
        whole = sum(not rebuilt.failures and not rebuilt.already_present for rebuilt in done)
        self.stdout.write(f"{whole} skills and {counters} counters {verb}.")
        if settings.STORAGE_BACKEND == "local":
            self.stdout.write("Recorded calls were in the database that was lost.")
        if broken:
            raise CommandError(
                f"{broken} skills are incomplete; see above. Repair the store and repeat, or use --skip-broken."
            )
