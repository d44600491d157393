"""Importing skills from disk by command."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from skills_registry.importing import import_skill
from skills_registry.models import Publication, Skill, SkillVersion

from .conftest import live
from .packages import skill_md, zip_of
from .server import ROOT

pytestmark = pytest.mark.django_db


def folder(path: Path, name: str = "", body: str = "Say hello.", **files: str) -> Path:
    """A folder with a skill, named like it; more files by their names without a suffix."""
    path.mkdir(parents=True)
    (path / "SKILL.md").write_text(skill_md(name or path.name, body))
    for stem, text in files.items():
        (path / f"{stem}.txt").write_text(text)
    return path


def archive(path: Path, name: str, body: str = "Say hello.") -> Path:
    path.write_bytes(zip_of({"SKILL.md": skill_md(name, body)}))
    return path


def run(*paths: Path, **options: Any) -> list[str]:
    """The lines that the command prints."""
    out = StringIO()
    call_command("import_skills", *paths, stdout=out, **options)
    return out.getvalue().splitlines()


def refused(*paths: Path, **options: Any) -> tuple[list[str], str]:
    """The lines that the command prints, and the error it ends with."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("import_skills", *paths, stdout=out, **options)
    assert error.value.returncode == 1
    return out.getvalue().splitlines(), str(error.value)


def names() -> list[str]:
    return list(Skill.objects.values_list("name", flat=True))


def test_folder_becomes_a_draft(tmp_path: Path, store: Path) -> None:
    lines = run(folder(tmp_path / "greeter", notes="remember"))

    assert lines == ["ok       greeter v1 (new)", "1 skill imported (1 new, 0 published), 0 refused."]
    assert live() is None
    assert (store / "skills/greeter/v1/notes.txt").read_text() == "remember"


@pytest.mark.parametrize("suffix", [".zip", ".skill"])
def test_archive_becomes_a_draft(tmp_path: Path, suffix: str) -> None:
    assert run(archive(tmp_path / f"any{suffix}", "greeter"))[0] == "ok       greeter v1 (new)"


def test_tree_with_folders_and_archives_is_searched_through(tmp_path: Path) -> None:
    folder(tmp_path / "team-a" / "one")
    folder(tmp_path / "team-a" / "deeper" / "two")
    archive(tmp_path / "team-a" / "three.zip", "three")
    archive(tmp_path / "team-b.skill", "four")
    (tmp_path / "README.md").write_text("no skill")

    lines = run(tmp_path)
    assert lines[-1] == "4 skills imported (4 new, 0 published), 0 refused."
    assert names() == ["four", "one", "three", "two"]


def test_several_paths_of_any_kind_are_imported_together(tmp_path: Path) -> None:
    run(folder(tmp_path / "one"), archive(tmp_path / "two.zip", "two"), folder(tmp_path / "tree" / "three").parent)
    assert names() == ["one", "three", "two"]


def test_publish_makes_them_live_and_says_who_and_why(tmp_path: Path, operator: User) -> None:
    lines = run(folder(tmp_path / "greeter"), publish=True, user="olga", note="from git")

    assert lines[0] == "ok       greeter v1 (new, published)"
    assert live() == "v1"
    version, publication = SkillVersion.objects.get(), Publication.objects.get()
    assert (version.uploaded_by, version.note) == (operator, "from git")
    assert (publication.actor, publication.reason) == (operator, "from git")


def test_import_can_be_repeated_without_any_change(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    run(path, publish=True)

    assert run(path, publish=True) == [
        "ok       greeter v1 (already up to date)",
        "1 skill imported (0 new, 0 published), 0 refused.",
    ]
    assert (SkillVersion.objects.count(), Publication.objects.count()) == (1, 1)


def test_draft_that_is_there_already_is_published(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    run(path)

    assert run(path, publish=True)[0] == "ok       greeter v1 (already up to date, published)"
    assert live() == "v1"


def test_changed_folder_becomes_the_next_version(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    run(path, publish=True)
    (path / "SKILL.md").write_text(skill_md(body="Say goodbye."))

    assert run(path)[0] == "ok       greeter v2 (new)"
    assert live() == "v1"


def test_folder_and_its_zip_are_the_same_version(tmp_path: Path) -> None:
    lines = run(folder(tmp_path / "greeter"), archive(tmp_path / "greeter.zip", "greeter"))
    assert lines[:2] == ["ok       greeter v1 (new)", "ok       greeter v1 (already up to date)"]


def test_refused_ones_are_told_with_all_reasons_after_the_others_are_imported(tmp_path: Path, store: Path) -> None:
    folder(tmp_path / "a-good-one")
    bad = folder(tmp_path / "bad", name="Wrong Name")
    (bad / "SKILL.md").write_text("---\nname: Wrong Name\nlicense: 7\n---\nHello.\n")
    (tmp_path / "broken.zip").write_bytes(b"hello")
    folder(tmp_path / "z-good-one")

    lines, error = refused(tmp_path, publish=True)
    assert error == "2 of 4 were refused; the reasons are above."
    assert lines[-1] == "2 skills imported (2 new, 2 published), 2 refused."
    text = "\n".join(lines)
    assert f"refused  {bad}" in text
    assert f"refused  {tmp_path / 'broken.zip'}" in text
    for reason in ("error: SKILL.md:2: ", "[name-invalid]", "[field-not-text]", "[field-missing]", "[archive-not-zip]"):
        assert reason in text
    assert names() == ["a-good-one", "z-good-one"]
    assert sorted(path.name for path in (store / "skills").iterdir()) == names()


def test_warnings_are_told_and_do_not_keep_it_out(tmp_path: Path) -> None:
    path = tmp_path / "greeter"
    path.mkdir()
    (path / "SKILL.md").write_text(skill_md(colour="blue"))

    lines = run(path)
    assert lines[0] == "ok       greeter v1 (new)"
    assert lines[1].startswith("         warning: SKILL.md:4: ")
    assert lines[1].endswith("[field-unknown]")


def test_dry_run_judges_and_stores_nothing(tmp_path: Path, store: Path) -> None:
    folder(tmp_path / "good")
    (tmp_path / "broken.zip").write_bytes(b"hello")

    lines, _ = refused(tmp_path, dry_run=True, publish=True)
    assert "valid    good" in lines
    assert lines[-1] == "1 skill would be imported, 1 refused."
    assert not Skill.objects.exists()
    assert not store.exists()


def test_package_that_another_process_is_storing_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    run(path)
    SkillVersion.objects.update(state="storing")

    lines, _ = refused(path)
    assert "try again in a moment" in lines[1]


def test_store_that_fails_is_told_and_does_not_stop_the_others(tmp_path: Path, store: Path) -> None:
    (store / "skills/a/v1/SKILL.md").mkdir(parents=True)
    folder(tmp_path / "a")
    folder(tmp_path / "b")

    lines, _ = refused(tmp_path / "a", tmp_path / "b")
    assert "[store-failed]" in lines[1]
    assert lines[-1] == "1 skill imported (1 new, 0 published), 1 refused."


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda path: path / "nowhere", {}, "nowhere does not exist."),
        (lambda path: path, {}, "No skills found"),
        (folder, {"user": "nobody"}, "There is no user 'nobody'."),
    ],
    ids=["missing", "empty", "user"],
)
def test_import_that_cannot_begin_says_why(tmp_path: Path, make: Any, options: dict[str, str], message: str) -> None:
    path = tmp_path / "given"
    if make is not folder:
        path.mkdir()

    lines, error = refused(make(path), **options)
    assert message in error
    assert lines == []
    assert not Skill.objects.exists()


def test_link_in_a_tree_is_not_followed(tmp_path: Path) -> None:
    outside = folder(tmp_path / "outside" / "secret")
    tree = folder(tmp_path / "tree" / "one").parent
    (tree / "loop").symlink_to(tree)
    (tree / "away").symlink_to(outside)

    run(tree)
    assert names() == ["one"]


def test_special_file_in_a_skill_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    os.mkfifo(path / "pipe")

    lines, _ = refused(path)
    assert "[entry-special]" in "\n".join(lines)


def test_examples_come_in_without_a_warning() -> None:
    lines = run(ROOT / "examples" / "skills", publish=True)
    assert lines[-1].endswith("0 refused.")
    assert not [line for line in lines if "warning" in line]


def test_a_path_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (problem,) = import_skill(tmp_path / "nowhere").problems
    assert (problem.code, problem.message) == ("unreadable", "cannot be read: No such file or directory")
