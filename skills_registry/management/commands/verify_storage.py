from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from skills_registry import services
from skills_registry.models import Skill, SkillVersion
from skills_registry.verification import Difference, verify_catalog, verify_latest, verify_version


class Command(BaseCommand):
    """Say what differs; ends with status 1 while something does."""

    help = (
        "Reads every stored file back and compares digests, sidecars, latest.json and the published catalog "
        "with the registry. Exit status 1 if anything differs and was not mended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to mend."""
        parser.add_argument(
            "--repair", action="store_true", help="write latest.json and catalog anew where they differ"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare everything, then mend what can be."""
        versions = SkillVersion.objects.ready().select_related("skill")
        skills = Skill.objects.with_summary()
        found: list[Difference] = []
        for version in tqdm(versions.iterator(100), total=versions.count(), unit="version", disable=None):
            found += verify_version(version)
        for skill in skills:
            found += verify_latest(skill)
        found += verify_catalog()
        for difference in found:
            self.stdout.write(self.style.ERROR(f"{difference.skill}: {difference.what}"))
        mended = self._repair(found) if options["repair"] else 0
        self.stdout.write(f"{len(found)} differences, {mended} mended.")
        if len(found) > mended:
            raise CommandError("The registry and what depends on it do not agree; see above.")

    def _repair(self, found: list[Difference]) -> int:
        mendable = [difference for difference in found if difference.mendable]
        for name in sorted({difference.skill for difference in mendable}):
            services.announce_again(Skill.objects.get(name=name))
        pending = set(Skill.objects.pending().values_list("name", flat=True))
        return sum(difference.skill not in pending for difference in mendable)
