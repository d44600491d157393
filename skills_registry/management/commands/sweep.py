from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invocations import queries
from invocations.recording import handover
from skills_registry import services


class Command(BaseCommand):
    """Run `services.sweep`, prune the log and log handed-over calls. Meant to run about once an hour."""

    help = (
        "Removes staged uploads older than a day, unfinished versions and expired log rows, retries failed writes of "
        "latest.json and the published catalog, and logs calls that replicas left in the bucket."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        swept = services.sweep()
        self.stdout.write(
            f"{swept.uploads} uploads, {swept.versions} unfinished versions and {queries.prune()} expired log rows "
            f"removed, {swept.projections} pending projections written."
        )
        failures = list(swept.failures)
        try:
            self.stdout.write(f"{handover.take_over()} calls logged that replicas had left in the bucket.")
        except OSError as error:
            failures.append(f"calls that replicas left in the bucket could not be logged: {error}")
        for failure in failures:
            self.stdout.write(self.style.ERROR(failure))
        if failures:
            raise CommandError(f"{len(failures)} steps failed; see above.")
