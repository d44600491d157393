from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from tqdm import tqdm

from skills_registry.maintenance.import_folders import ImportResult, Options, import_skills
from skills_registry.packages.folder import find_skills
from skills_registry.texts.render import problem_line, render_problem


class Command(BaseCommand):
    """Import skills from disk. Exits with status 1 if any failed, after importing all others."""

    help = (
        "Imports skills: folders with a SKILL.md, trees of such folders, and zips. A skill that already has a version "
        "with the same files is left unchanged. Exits with status 1 if any skill was refused, or not published "
        "with --publish."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--publish", action="store_true", help="make the imported versions live")
        parser.add_argument("--user", help="user name recorded in the history")
        parser.add_argument("--note", default="", help="note recorded in the history")
        parser.add_argument("--dry-run", action="store_true", help="only report what would be imported or refused")
        parser.add_argument("--mend", action="store_true", help="fix YAML mistakes in SKILL.md where that is safe")
        parser.add_argument("--prefix", default="", help="prefix for the names of the skills")
        parser.add_argument(
            "--rename",
            action="append",
            default=[],
            metavar="PATH=NAME",
            help="rename the skill in this folder or zip; the prefix is not added",
        )
        parser.add_argument(
            "--rename-file",
            type=Path,
            metavar="FILE",
            help="text file with one PATH=NAME per line; # starts a comment",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import all skills, then print a report."""
        paths = self._find_skills(options["paths"])
        results = import_skills(
            paths,
            Options(
                user=self._get_user(options["user"]),
                note=options["note"],
                publish=options["publish"],
                dry_run=options["dry_run"],
                mend=options["mend"],
                prefix=options["prefix"],
                names=self._parse_renames(options["rename"], options["rename_file"], paths),
            ),
            progress=lambda paths: tqdm(paths, unit="skill", disable=None),
        )
        for imported in results:
            self._report(imported)
        self._summarize(results, dry_run=options["dry_run"])

    def _summarize(self, results: list[ImportResult], *, dry_run: bool) -> None:
        accepted = len({imported.package.manifest.name for imported in results if imported.package})
        refused = sum(imported.package is None for imported in results)
        if dry_run:
            outcome = "would be imported"
        else:
            new, published = sum(i.created for i in results), sum(i.published for i in results)
            outcome = f"imported ({new} new, {published} published)"
        self.stdout.write(f"{accepted} skill{pluralize(accepted)} {outcome}, {refused} refused.")
        if failed := sum(imported.failed for imported in results):
            what = "refused" if failed == refused else "refused or not published"
            raise CommandError(f"{failed} of {len(results)} were {what}; see above for the reasons.")

    def _parse_renames(self, given: list[str], file: Path | None, paths: list[Path]) -> dict[Path, str]:
        """The new names of skills by the path of their folder or zip."""
        lines = [*given, *self._read_lines(file)]
        found = {path.resolve(): path for path in paths}
        names = {}
        for line in lines:
            path, separator, name = (part.strip() for part in line.rpartition("="))
            if not separator or Path(path).resolve() not in found:
                raise CommandError(f"{line!r} does not name an imported skill; use PATH=NAME.")
            names[found[Path(path).resolve()]] = name
        return names

    def _read_lines(self, file: Path | None) -> list[str]:
        """The lines of a file, without blank lines and comments."""
        try:
            text = file.read_text() if file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from None
        return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    def _get_user(self, name: str | None) -> Any:
        if name is None:
            return None
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        return user

    def _find_skills(self, paths: list[Path]) -> list[Path]:
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

    def _report(self, imported: ImportResult) -> None:
        if imported.package is None:
            self.stdout.write(self.style.ERROR(f"refused  {imported.path}"))
        elif imported.version is None:
            state = f" ({_state_text(imported)})" if imported.uploader_before or not imported.created else ""
            self.stdout.write(f"valid    {imported.package.manifest.name}{state}")
        else:
            live = ", published" if imported.published else ""
            self.stdout.write(f"ok       {imported.version} ({_state_text(imported)}{live})")
        for problem in imported.problems:
            style = self.style.ERROR if problem.severity == "error" else self.style.WARNING
            self.stdout.write(style(f"         {problem.severity}: {problem_line(problem)} [{problem.code}]"))
            if hint := render_problem(problem)["hint"]:
                self.stdout.write(f"           {hint}")
        if imported.mendable:
            self.stdout.write("         This SKILL.md can be fixed during the import: add --mend.")


def _state_text(imported: ImportResult) -> str:
    if not imported.created:
        return "already up to date"
    if imported.uploader_before:
        return f"new version of an existing skill last uploaded by {imported.uploader_before}"
    return "new"
