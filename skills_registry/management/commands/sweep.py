from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invocations import queries
from skills_registry import services


class Command(BaseCommand):
    """See `services.sweep`; run it every hour or so."""

    help = (
        "Removes staged uploads older than a day, versions whose upload was interrupted and expired log rows, "
        "and brings latest.json in line where that failed before."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once."""
        swept = services.sweep()
        self.stdout.write(
            f"{swept.uploads} uploads, {swept.versions} unfinished versions and {queries.prune()} expired log rows "
            f"removed, {swept.projections} pending projections made."
        )
        for failure in swept.failures:
            self.stdout.write(self.style.ERROR(failure))
        if swept.failures:
            raise CommandError(f"{len(swept.failures)} things could not be done; see above.")
