"""Importing skills from disk by command."""

from __future__ import annotations

import json
import os
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from skills_registry import services
from skills_registry.maintenance.import_folders import Options, import_skills
from skills_registry.models import AuditEvent, Publication, Skill, SkillVersion

from .conftest import live
from .support.packages import skill_md, zip_of
from .support.server import ROOT

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
    assert error == "2 of 4 were refused; see above for the reasons."
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


@pytest.mark.parametrize("dry_run", [False, True])
def test_skill_in_the_folder_of_another_skill_is_told(tmp_path: Path, dry_run: bool) -> None:
    folder(tmp_path / "outer")
    folder(tmp_path / "outer/examples/inner")
    lines = run(tmp_path, dry_run=dry_run)
    assert "other folders contain a SKILL.md and are treated as files of this skill: examples/inner/" in "\n".join(
        lines
    )
    assert "If they are separate skills, move them out of this folder" in "\n".join(lines)
    assert names() == ([] if dry_run else ["outer"])


def test_dry_run_judges_and_stores_nothing(tmp_path: Path, store: Path) -> None:
    folder(tmp_path / "good")
    (tmp_path / "broken.zip").write_bytes(b"hello")

    lines, _ = refused(tmp_path, dry_run=True, publish=True)
    assert "valid    good" in lines
    assert lines[-1] == "1 skill would be imported, 1 refused."
    assert not Skill.objects.exists()
    assert not store.exists()


def test_skill_that_is_deleted_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    run(path)
    services.delete_skill(Skill.objects.get())

    lines, _ = refused(path)
    assert "[conflict]" in lines[1]


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


def test_different_skills_of_one_name_are_all_refused(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    one, other = folder(tree / "a" / "greeter"), folder(tree / "b" / "greeter", body="Say goodbye.")
    folder(tree / "b" / "reader")

    for _ in range(2):
        lines, error = refused(tree, publish=True)
        text = "\n".join(lines)
        assert error == "2 of 3 were refused; see above for the reasons."
        assert f"another skill is called `greeter`: {other} [name-clash]" in text
        assert f"another skill is called `greeter`: {one} [name-clash]" in text
        assert "--rename PATH=NAME" in text
        assert names() == ["reader"]
    assert SkillVersion.objects.count() == 1


def test_dry_run_tells_of_skills_of_one_name(tmp_path: Path) -> None:
    folder(tmp_path / "a" / "greeter")
    archive(tmp_path / "greeter.zip", "greeter", body="Say goodbye.")

    lines, _ = refused(tmp_path, dry_run=True)
    assert lines[-1] == "0 skills would be imported, 2 refused."
    assert "[name-clash]" in "\n".join(lines)


def test_equal_skills_of_one_name_are_one_skill(tmp_path: Path) -> None:
    lines = run(folder(tmp_path / "a" / "greeter"), folder(tmp_path / "b" / "greeter"))
    assert lines[-1] == "1 skill imported (1 new, 0 published), 0 refused."


def test_skill_gets_another_name_by_its_path(tmp_path: Path, store: Path) -> None:
    folder(tmp_path / "a" / "greeter")
    other = folder(tmp_path / "b" / "greeter", body="Say goodbye.")
    before = (other / "SKILL.md").read_text()

    run(tmp_path, rename=[f"{other}=farewell"])
    assert names() == ["farewell", "greeter"]
    stored = (store / "skills/farewell/v1/SKILL.md").read_text()
    assert stored == before.replace("name: greeter", "name: farewell")
    assert SkillVersion.objects.get(skill__name="farewell").frontmatter["name"] == "farewell"


def test_names_can_stand_in_a_file(tmp_path: Path) -> None:
    other = folder(tmp_path / "skills" / "greeter")
    mapping = tmp_path / "names.txt"
    mapping.write_text(f"# new names\n\n{other} = farewell\n")

    run(tmp_path / "skills", rename_file=mapping)
    assert names() == ["farewell"]


def test_prefix_stands_before_the_names_that_are_not_given_another_way(tmp_path: Path) -> None:
    folder(tmp_path / "greeter")
    other = folder(tmp_path / "reader")

    run(tmp_path, prefix="team-", rename=[f"{other}=scribe"])
    assert names() == ["scribe", "team-greeter"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"prefix": "x" * 60}, "name-too-long"),
        ({"prefix": "Team "}, "name-invalid"),
        ({"prefix": "a: b\nc: "}, "name-invalid"),
        ({"rename": ["{one}=reader"]}, "name-clash"),
    ],
)
def test_new_name_is_judged_like_any_other(tmp_path: Path, options: dict[str, Any], code: str) -> None:
    one = folder(tmp_path / "greeter")
    folder(tmp_path / "reader", body="Read.")
    given = {
        key: [text.format(one=one) for text in value] if key == "rename" else value for key, value in options.items()
    }

    lines, _ = refused(tmp_path, **given)
    assert f"[{code}]" in "\n".join(lines)
    assert names() == []


@pytest.mark.parametrize("name", ["2024", "true", "null", "1e3"])
def test_new_name_may_look_like_another_value(tmp_path: Path, name: str) -> None:
    run(folder(tmp_path / "greeter"), rename=[f"{tmp_path / 'greeter'}={name}"])
    assert names() == [name]


def test_new_name_for_no_skill_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    assert "does not name an imported skill" in refused(path, rename=[f"{tmp_path / 'reader'}=x"])[1]
    assert "PATH=NAME" in refused(path, rename=["reader"])[1]
    assert "cannot be read" in refused(path, rename_file=tmp_path / "none.txt")[1]


def test_new_version_of_somebody_elses_skill_says_whose(tmp_path: Path, operator: User) -> None:
    path = folder(tmp_path / "greeter")
    run(path, user="olga")
    User.objects.create_user("peter")
    (path / "SKILL.md").write_text(skill_md(body="Say goodbye."))

    whose = "new version of an existing skill last uploaded by olga"
    assert run(path, user="peter", dry_run=True)[0] == f"valid    greeter ({whose})"
    assert run(path, user="peter")[0] == f"ok       greeter v2 ({whose})"
    assert run(path, user="peter", dry_run=True)[0] == "valid    greeter (already up to date)"


def test_programs_stay_programs_from_the_folder_to_the_download(tmp_path: Path, store: Path) -> None:
    path = folder(tmp_path / "greeter", notes="remember")
    script = path / "run.sh"
    script.write_text("#!/bin/sh\n")
    digests = []
    for mode, label in ((0o644, "v1"), (0o755, "v2"), (0o644, "v2")):
        script.chmod(mode)
        assert run(path)[0].startswith(f"ok       greeter {label} ")
        digests.append(SkillVersion.objects.get(number=int(label[1:])).digest)
    assert len(set(digests)) == 1
    assert json.loads((store / "skills/greeter/v2.json").read_text())["files"][2]["executable"] is True

    version = SkillVersion.objects.get(number=2)
    (tmp_path / "again.zip").write_bytes(services.export_version(version))
    with zipfile.ZipFile(tmp_path / "again.zip") as downloaded:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in downloaded.infolist()}
    assert modes == {"greeter/SKILL.md": 0o644, "greeter/notes.txt": 0o644, "greeter/run.sh": 0o755}
    assert run(tmp_path / "again.zip")[0] == "ok       greeter v2 (already up to date)"


def test_zip_of_several_skills_names_them_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "repo.zip"
    path.write_bytes(zip_of({f"repo-main/skills/{name}/SKILL.md": skill_md(name) for name in ("ask", "tell")}))
    lines, _ = refused(path)
    assert "there are 2 skills in it: repo-main/skills/ask/, repo-main/skills/tell/" in lines[1]
    assert "or import them all with `manage.py import_skills FOLDER`." in lines[2]


def test_what_cannot_be_mended_is_not_offered_to_be(tmp_path: Path) -> None:
    path = folder(tmp_path / "greeter")
    (path / "SKILL.md").write_text("# No frontmatter\n")
    assert "--mend" not in "\n".join(refused(path)[0])


def test_mistakes_in_yaml_are_mended_only_if_asked_for(tmp_path: Path, store: Path) -> None:
    path = folder(tmp_path / "greeter")
    (path / "SKILL.md").write_text(
        "---\nname: greeter\ndescription: Use when: asked\nargument-hint: [a] [b]\n---\nDo.\n"
    )

    lines, _ = refused(path)
    assert "Write: `description: 'Use when: asked'`." in "\n".join(lines)
    assert "Write: `argument-hint: '[a] [b]'`." in "\n".join(lines)
    assert "         This SKILL.md can be fixed during the import: add --mend." in lines
    lines = run(path, mend=True)
    assert (
        "warning: SKILL.md:3: this line was fixed; it was: description: Use when: asked [skill-md-mended]" in lines[1]
    )
    version = SkillVersion.objects.get()
    assert version.frontmatter["description"] == "Use when: asked"
    assert [warning["line"] for warning in version.warnings] == [3, 4]
    assert AuditEvent.objects.get(action="create_version", after__mended=[3, 4]).version_number == 1
    assert "description: 'Use when: asked'\n" in (store / "skills/greeter/v1/SKILL.md").read_text()
    assert "description: Use when: asked\n" in (path / "SKILL.md").read_text()


def test_a_path_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    ((problem,),) = (imported.problems for imported in import_skills([tmp_path / "nowhere"], Options()))
    assert (problem.code, problem.params) == ("unreadable", {"reason": "No such file or directory"})
