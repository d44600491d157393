from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from skills_registry.maintenance.repair import repair_difference
from skills_registry.maintenance.verification import Difference, Remedy, verify_catalog, verify_latest, verify_version
from skills_registry.models import Skill, SkillVersion


class Command(BaseCommand):
    """Compare the store with the registry. Exits with status 1 if a difference remains."""

    help = (
        "Reads every stored file back and compares digests, sidecars, latest.json and the published catalog "
        "with the registry. Exits with status 1 if anything differs and was not repaired."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="rewrite what differs, where the registry has the correct data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Report all differences, then repair those that can be repaired."""
        found: list[Difference] = []
        for difference in self._verify():
            found.append(difference)
            self.stdout.write(self.style.ERROR(f"{difference.skill}: {difference.description}"))
        repaired = self._repair(found) if options["repair"] else 0
        self.stdout.write(f"{len(found)} differences, {repaired} repaired.")
        if len(found) > repaired:
            raise CommandError("The store differs from the registry; see above.")

    def _verify(self) -> Iterator[Difference]:
        """Yield all differences. A comparison that fails counts as one, and the others go on."""
        versions = SkillVersion.objects.ready().select_related("skill", "uploaded_by")
        for version in tqdm(versions.iterator(100), total=versions.count(), unit="version", disable=None):
            yield from _report_failure(str(version), partial(verify_version, version))
        for skill in Skill.objects.with_summary():
            yield from _report_failure(skill.name, partial(verify_latest, skill))
        yield from _report_failure("the published catalog", verify_catalog)

    def _repair(self, found: list[Difference]) -> int:
        """Apply each remedy once. Returns how many differences are repaired."""
        done: dict[tuple[str, Remedy | None, int], bool] = {}
        for difference in found:
            key = (difference.skill, difference.remedy, difference.version)
            if key not in done:
                done[key] = self._try_repair(difference)
        return sum(done[difference.skill, difference.remedy, difference.version] for difference in found)

    def _try_repair(self, difference: Difference) -> bool:
        try:
            return repair_difference(difference)
        except Exception as error:  # noqa: BLE001  # the other differences can still be repaired
            self.stderr.write(f"{difference.skill}: could not be repaired: {error}")
            return False


def _report_failure(what: str, verify: Callable[[], Iterable[Difference]]) -> Iterator[Difference]:
    try:
        yield from verify()
    except Exception as error:  # noqa: BLE001  # the other comparisons go on
        yield Difference(what, f"cannot be compared: {error}")
