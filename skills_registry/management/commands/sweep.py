from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invocations import queries
from invocations.recording import handover
from skills_registry import services


class Command(BaseCommand):
    """See `services.sweep`; run it every hour or so."""

    help = (
        "Removes staged uploads older than a day, versions whose upload was interrupted and expired log rows, "
        "brings latest.json in line where that failed before, and logs calls that replicas left in the bucket."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once."""
        swept = services.sweep()
        self.stdout.write(
            f"{swept.uploads} uploads, {swept.versions} unfinished versions and {queries.prune()} expired log rows "
            f"removed, {swept.projections} pending projections made."
        )
        failures = list(swept.failures)
        try:
            self.stdout.write(f"{handover.take_over()} calls logged that replicas had left in the bucket.")
        except OSError as error:
            failures.append(f"Calls that replicas left in the bucket cannot be logged now: {error}")
        for failure in failures:
            self.stdout.write(self.style.ERROR(failure))
        if failures:
            raise CommandError(f"{len(failures)} things could not be done; see above.")
