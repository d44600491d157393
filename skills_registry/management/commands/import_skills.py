from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from tqdm import tqdm

from skills_registry.folder import find_skills
from skills_registry.importing import Imported, import_skill


class Command(BaseCommand):
    """Import skills from disk; ends with status 1 where any failed, after importing all others."""

    help = (
        "Imports skills: folders with a SKILL.md, trees of such folders, and zips. A skill whose bytes "
        "are there already is left alone. Exit status 1 if any skill was refused, or not published with --publish."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Paths, and what to do with what is found there."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--publish", action="store_true", help="make the imported versions live")
        parser.add_argument("--user", help="name of the user who imports, for the history")
        parser.add_argument("--note", default="", help="why, for the history")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be imported or refused")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then summarise."""
        user = self._user(options["user"])
        done = [
            import_skill(path, user=user, note=options["note"], publish=options["publish"], dry_run=options["dry_run"])
            for path in tqdm(self._find(options["paths"]), unit="skill", disable=None)
        ]
        for imported in done:
            self._tell(imported)
        refused = sum(imported.package is None for imported in done)
        taken = len(done) - refused
        if options["dry_run"]:
            outcome = "would be imported"
        else:
            new, published = sum(i.created for i in done), sum(i.published for i in done)
            outcome = f"imported ({new} new, {published} published)"
        self.stdout.write(f"{taken} skill{pluralize(taken)} {outcome}, {refused} refused.")
        if failed := sum(imported.failed for imported in done):
            what = "refused" if failed == refused else "refused or not published"
            raise CommandError(f"{failed} of {len(done)} were {what}; the reasons are above.")

    def _user(self, name: str | None) -> Any:
        if name is None:
            return None
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        return user

    def _find(self, paths: list[Path]) -> list[Path]:
        for path in paths:
            if not path.exists():
                raise CommandError(f"{path} does not exist.")
        try:
            found = [skill for path in paths for skill in find_skills(path)]
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from None
        if not found:
            raise CommandError("No skills found: no SKILL.md and no zip at or below the given paths.")
        return found

    def _tell(self, imported: Imported) -> None:
        if imported.package is None:
            self.stdout.write(self.style.ERROR(f"refused  {imported.path}"))
        elif imported.version is None:
            self.stdout.write(f"valid    {imported.package.manifest.name}")
        else:
            state = "new" if imported.created else "already up to date"
            live = ", published" if imported.published else ""
            self.stdout.write(f"ok       {imported.version} ({state}{live})")
        for problem in imported.problems:
            style = self.style.ERROR if problem.severity == "error" else self.style.WARNING
            self.stdout.write(style(f"         {problem.severity}: {problem} [{problem.code}]"))
            if problem.hint:
                self.stdout.write(f"           {problem.hint}")
