"""Creating versions: numbers, digests, files in the store, and what happens when many do it at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry import services, storage
from skills_registry.models import Skill, SkillVersion

from .packages import package
from .threads import at_once

pytestmark = pytest.mark.django_db


def test_first_version_is_a_draft_with_number_one(operator: User) -> None:
    version, created = services.create_version(package(), user=operator, note="first")

    assert (created, version.number, version.state) == (True, 1, "ready")
    assert version.frontmatter == {"name": "greeter", "description": "Greets people. Use when somebody arrives."}
    assert (version.uploaded_by, version.note) == (operator, "first")
    assert Skill.objects.with_summary().get().status == "draft"


def test_files_and_sidecar_lie_under_the_seeds_keys(store: Path) -> None:
    services.create_version(package(files={"scripts/run.py": "print()", "assets/dot.png": b"\x89PNG\x00"}))

    stored = {path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file()}
    assert stored == {
        "skills/greeter/v1/SKILL.md",
        "skills/greeter/v1/assets/dot.png",
        "skills/greeter/v1/scripts/run.py",
        "skills/greeter/v1.json",
    }
    assert (store / "skills/greeter/v1/assets/dot.png").read_bytes() == b"\x89PNG\x00"


def test_sidecar_says_digests_who_and_why(store: Path, operator: User) -> None:
    version, _ = services.create_version(package(), user=operator, note="because")

    sidecar = json.loads((store / "skills/greeter/v1.json").read_text())
    assert sidecar["digest"] == version.digest
    assert sidecar["files"] == version.files
    assert (sidecar["created_by"], sidecar["note"], sidecar["version"]) == ("olga", "because", "v1")


def test_same_bytes_again_make_no_new_version() -> None:
    first, _ = services.create_version(package())
    again, created = services.create_version(package())

    assert (again, created) == (first, False)
    assert SkillVersion.objects.count() == 1


def test_bytes_of_an_older_version_lead_to_that_version() -> None:
    first, _ = services.create_version(package(body="one"))
    services.create_version(package(body="two"))

    assert services.create_version(package(body="one")) == (first, False)


def test_version_ten_follows_nine() -> None:
    for number in range(1, 12):
        services.create_version(package(body=f"text {number}"))

    newest_first = list(SkillVersion.objects.values_list("number", flat=True))
    assert newest_first == list(range(11, 0, -1))


def test_version_cannot_be_changed() -> None:
    version, _ = services.create_version(package())
    version.note = "another"

    with pytest.raises(TypeError, match="cannot be changed"):
        version.save()


def test_stored_file_is_never_overwritten(store: Path) -> None:
    files = package().files
    storage.write_version("greeter", 1, files, {})

    with pytest.raises(FileExistsError):
        storage.write_version("greeter", 1, package(body="other").files, {})
    assert (store / "skills/greeter/v1/SKILL.md").read_bytes() == files[0].content


def test_failed_storing_leaves_no_version_and_no_files(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        (store / "skills/greeter/v1").mkdir(parents=True)
        (store / "skills/greeter/v1/SKILL.md").write_text("half")
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_version", fail)
        with pytest.raises(services.StoreFailed, match="nothing was changed: disk full"):
            services.create_version(package())

    assert not SkillVersion.objects.exists()
    assert not list(store.rglob("SKILL.md"))
    version, _ = services.create_version(package())
    assert version.number == 2, "a number that was given out is never given out again"


@pytest.mark.django_db(transaction=True)
def test_twenty_uploads_at_once_get_twenty_numbers() -> None:
    packages = [package(body=f"text {number}") for number in range(20)]

    versions = at_once(lambda one: services.create_version(one)[0], packages)

    assert sorted(version.number for version in versions) == list(range(1, 21))
    for version, one in zip(versions, packages, strict=True):
        stored = storage.read_file("greeter", version.number, "SKILL.md")
        assert stored == one.files[0].content


@pytest.mark.django_db(transaction=True)
def test_same_package_uploaded_at_once_makes_one_version() -> None:
    def create(number: int) -> str:
        try:
            version, _ = services.create_version(package())
        except services.Conflict as conflict:
            return str(conflict)
        return version.label

    outcomes = set(at_once(create, range(8)))

    assert SkillVersion.objects.count() == 1
    assert outcomes <= {"v1", "Another upload is storing the same package of greeter; try again in a moment."}
