from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from skills_registry import services


class Command(BaseCommand):
    """See `services.sweep`; run it every hour or so."""

    help = (
        "Removes staged uploads older than a day and versions whose upload was interrupted, "
        "and brings latest.json in line where that failed before."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once."""
        swept = services.sweep()
        self.stdout.write(
            f"{swept.uploads} uploads and {swept.versions} unfinished versions removed, "
            f"{swept.projections} pending projections made."
        )
