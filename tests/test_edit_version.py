"""A version made from another by changing some files: the rules of an upload, and nothing lost between two editors."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.models import AuditEvent, Skill, SkillVersion
from skills_registry.packages.archive import read_archive
from skills_registry.packages.problems import InvalidSkill
from skills_registry.packages.zip_writing import write_zip
from skills_registry.store import package_store
from skills_registry.texts.text import text_key

from .conftest import live, publish
from .support.packages import package, skill_md
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def base(author: User) -> SkillVersion:
    """v1, live, with three files."""
    return publish(files={"docs/a.md": "a", "run.sh": "echo one"})


def edit(base: SkillVersion, changes: dict[str, bytes | None], latest: int = 1, **given: Any) -> SkillVersion:
    return services.edit_version(base.skill, base.number, changes, user=None, expected_latest=latest, **given)


def contents(version: SkillVersion) -> dict[str, bytes]:
    return {f["path"]: package_store.read_file(version.skill.name, version.number, f["path"]) for f in version.files}


def test_changed_added_and_removed_files_make_a_new_version(base: SkillVersion, author: User) -> None:
    changes = {"run.sh": b"echo two", "docs/new.md": b"new", "docs/a.md": None}
    made = services.edit_version(base.skill, 1, changes, user=author, note="shorter", expected_latest=1)

    assert contents(made) == {"SKILL.md": skill_md().encode(), "docs/new.md": b"new", "run.sh": b"echo two"}
    assert contents(base) == {"SKILL.md": skill_md().encode(), "docs/a.md": b"a", "run.sh": b"echo one"}
    assert (made.number, made.uploaded_by, made.note, live()) == (2, author, "shorter", "v1")
    event = AuditEvent.objects.first()
    assert event is not None
    assert event.after is not None
    assert (event.action, event.after["edited_from"]) == ("create_version", 1)


def test_older_version_can_be_edited_too(base: SkillVersion) -> None:
    services.create_version(package(body="two"))
    assert contents(edit(base, {"docs/a.md": b"x"}, latest=2))["run.sh"] == b"echo one"


def test_same_problems_as_an_upload_with_file_and_line(base: SkillVersion) -> None:
    wrong = "---\nname: greeter\ndescription: |\n  x\nlicense: 3\n---\n\nHello\n"
    with pytest.raises(InvalidSkill) as refused:
        edit(base, {"SKILL.md": wrong.encode(), "../up.md": b"", "docs/A.md": b""})

    told = {(problem.code, problem.file, problem.line) for problem in refused.value.errors}
    assert told == {
        ("field-not-text", "SKILL.md", 5),
        ("path-traversal", "../up.md", None),
        ("path-collision", "docs/a.md", None),
    }
    assert SkillVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SKILL.md": skill_md("other").encode()}, "name-changed"),
        ({"SKILL.md": None}, "skill-md-missing"),
        ({"SKILL.md": b"---\n\xff"}, "skill-md-not-utf8"),
        ({"docs/": b""}, "path-empty/folder"),
        ({"": b""}, "path-empty"),
        ({"run.sh/more": b""}, "path-collision/file-and-folder"),
        ({"a\x00b": b""}, "path-control-character"),
        ({"big": bytes(17_000_000)}, "package-too-large"),
        ({f"f{number}": b"" for number in range(512)}, "too-many-files"),
    ],
)
def test_edit_that_breaks_the_package_is_refused(base: SkillVersion, changes: Any, code: str) -> None:
    with pytest.raises(InvalidSkill) as refused:
        edit(base, changes)
    assert code in {text_key(problem.code, problem.params) for problem in refused.value.errors}
    inspection = services.inspect_edit(base, changes)
    assert (inspection.package, inspection.problems) == (None, refused.value.problems)
    assert SkillVersion.objects.count() == 1


def test_remarks_are_kept_with_the_version(base: SkillVersion) -> None:
    text = skill_md(body="Run !`git status` first.").replace("---\n\n", "mood: good\n---\n\n").encode()
    inspection = services.inspect_edit(base, {"SKILL.md": text, ".DS_Store": b"junk"})
    assert {problem.code for problem in inspection.warnings} == {"field-unknown", "junk-dropped"}

    made = edit(base, {"SKILL.md": text, ".DS_Store": b"junk"})
    assert {warning["code"] for warning in made.warnings} == {"field-unknown", "junk-dropped"}
    assert [finding.as_dict() for finding in inspection.findings] == made.findings != []


def test_path_is_written_in_one_way(base: SkillVersion) -> None:
    assert contents(edit(base, {"./run.sh": b"echo two"}))["run.sh"] == b"echo two"


def test_second_editor_is_told_and_loses_nothing(base: SkillVersion, author: User) -> None:
    services.edit_version(base.skill, 1, {"run.sh": b"mine"}, user=author, expected_latest=1)
    with pytest.raises(services.Conflict, match="the newest version is now v2 by arno"):
        edit(base, {"run.sh": b"theirs"})
    assert edit(base, {"run.sh": b"theirs"}, latest=2).number == 3


def test_of_editors_at_once_one_is_first_and_all_others_are_told(base: SkillVersion) -> None:
    def save(number: int) -> int | None:
        try:
            return edit(base, {"run.sh": f"echo {number}".encode()}).number
        except services.Conflict:
            return None

    made = at_once(save, range(8))
    assert sorted(number for number in made if number) == [2]
    assert Skill.objects.get().last_number == 2


def test_upload_that_is_being_stored_counts_as_faster(base: SkillVersion) -> None:
    storing, _ = services.create_version(package(body="two"))
    SkillVersion.objects.filter(pk=storing.pk).update(state="storing")
    with pytest.raises(services.Conflict, match="This skill changed"):
        edit(base, {"run.sh": b"mine"})


def test_what_would_change_nothing_is_a_conflict(base: SkillVersion) -> None:
    for changes in ({}, {"run.sh": b"echo one"}):
        with pytest.raises(services.Conflict, match="No changes: greeter v1 has exactly these files"):
            edit(base, dict(changes))
    edit(base, {"run.sh": b"echo two"})
    with pytest.raises(services.Conflict, match="greeter v1 has exactly these files"):
        services.edit_version(base.skill, 2, {"run.sh": b"echo one"}, user=None, expected_latest=2)


def test_what_is_not_there_cannot_be_removed_or_edited(base: SkillVersion) -> None:
    with pytest.raises(services.Conflict, match=r"nothing.md cannot be removed, since greeter v1 has no such file"):
        edit(base, {"nothing.md": None})
    with pytest.raises(SkillVersion.DoesNotExist):
        services.edit_version(base.skill, 7, {}, user=None, expected_latest=1)
    services.delete_skill(base.skill, deactivate=True)
    with pytest.raises(services.Conflict, match="greeter is deleted"):
        edit(base, {"run.sh": b"echo two"})


def test_damaged_base_is_no_base(base: SkillVersion, store: Any) -> None:
    (store / "skills/greeter/v1/docs/a.md").write_text("changed")
    with pytest.raises(services.StoreFailed, match=r"docs/a.md of greeter v1 is not what was uploaded"):
        edit(base, {"run.sh": b"echo two"})
    assert edit(base, {"docs/a.md": b"mended"}).number == 2


def test_programs_stay_programs_where_they_are_edited_or_renamed(author: User) -> None:
    files = {"SKILL.md": skill_md().encode(), "run.sh": b"echo one", "walk.sh": b"echo two", "a.md": b"a"}
    uploaded = read_archive(write_zip(files.items(), {"run.sh", "walk.sh"}))
    version, _ = services.create_version(uploaded, user=author)

    made = edit(version, {"run.sh": b"echo 1", "walk.sh": None, "bin/walk.sh": b"echo two", "b.md": b"b"})
    assert made.executables == {"run.sh", "bin/walk.sh"}
