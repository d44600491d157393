"""Creating versions: numbers, digests, files in the store, and what happens when many do it at once."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.models import Skill, SkillVersion
from skills_registry.services import versions
from skills_registry.store import package_store

from .support.api import Api
from .support.packages import package, skill_md, zip_of
from .support.patience import wait_until
from .support.threads import at_once

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
    package_store.write_version("greeter", 1, files, {})

    with pytest.raises(FileExistsError):
        package_store.write_version("greeter", 1, package(body="other").files, {})
    assert (store / "skills/greeter/v1/SKILL.md").read_bytes() == files[0].content


def test_failed_storing_leaves_no_version_and_no_files(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        (store / "skills/greeter/v1").mkdir(parents=True)
        (store / "skills/greeter/v1/SKILL.md").write_text("half")
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(package_store, "write_version", fail)
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
        stored = package_store.read_file("greeter", version.number, "SKILL.md")
        assert stored == one.files[0].content


@pytest.mark.django_db(transaction=True)
def test_same_package_uploaded_at_once_makes_one_version() -> None:
    outcomes = at_once(lambda _: services.create_version(package()), range(8))

    assert SkillVersion.objects.count() == 1
    assert {version.label for version, _ in outcomes} == {"v1"}
    assert [created for _, created in outcomes].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_same_zip_uploaded_at_once_through_the_api_is_created_once(operator: User) -> None:
    api = Api(operator)
    content = zip_of({"SKILL.md": skill_md(), "data.bin": bytes(300_000)})

    answers = at_once(lambda _: Api.upload(api, content), range(8))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert {answer.json()["version"] for answer in answers} == {1}


# An upload whose process was killed, and one that takes very long


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads wait for others for half a second."""
    monkeypatch.setattr(versions, "STORING_PATIENCE", timedelta(seconds=0.5))


def killed(body: str = "killed") -> SkillVersion:
    """A version whose process was killed when half of its files were stored."""
    one = package(body=body, files={"a.txt": "a"})
    version, _ = versions._reserve_version(one, None, "", ...)
    package_store.write_file("greeter", version.number, "SKILL.md", one.files[0].content)
    return version


def test_upload_that_was_killed_is_taken_over_within_seconds(impatient: None, store: Path) -> None:
    dead = killed()

    version, created = services.create_version(package(body="killed", files={"a.txt": "a"}))

    assert (version.number, created, version.state) == (2, True, "ready")
    assert package_store.read_file("greeter", 2, "a.txt") == b"a"
    SkillVersion.objects.filter(pk=dead.pk).update(created_at=timezone.now() - services.STORING_LIFETIME)
    assert services.sweep().versions == 1
    assert not (store / "skills/greeter/v1").exists()
    assert (store / "skills/greeter/v2/a.txt").exists()


def test_edit_that_was_killed_does_not_hold_up_the_next_one(impatient: None) -> None:
    base, _ = services.create_version(package(body="one"))
    SkillVersion.objects.filter(pk=killed().pk).update(created_at=timezone.now() - timedelta(seconds=1))

    made = services.edit_version(base.skill, 1, {"b.txt": b"b"}, user=None, expected_latest=1)
    assert made.number == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("expected_latest", [..., None])
def test_of_two_that_store_the_same_bytes_the_first_that_is_done_is_kept(
    impatient: None, store: Path, monkeypatch: pytest.MonkeyPatch, expected_latest: Any
) -> None:
    write, slow = package_store.write_version, threading.Event()

    def write_slowly(skill: str, number: int, *rest: Any) -> None:
        write(skill, number, *rest)
        if number == 1:
            assert slow.wait(30)
        else:
            slow.set()

    def create(delay: float) -> tuple[str, bool] | str:
        if delay:
            wait_until(lambda: SkillVersion.objects.filter(number=1).exists())
            SkillVersion.objects.update(created_at=timezone.now() - timedelta(seconds=1))
        try:
            version, created = services.create_version(package(), expected_latest=expected_latest)
        except services.Conflict as conflict:
            return str(conflict)
        return version.label, created

    monkeypatch.setattr(package_store, "write_version", write_slowly)
    outcomes = at_once(create, [0, 1])

    ready = SkillVersion.objects.get()
    assert outcomes.count((ready.label, True)) == 1
    assert set(outcomes) == {(ready.label, True), (ready.label, False)}
    kept = {path.name for path in (store / "skills/greeter").iterdir() if path.name.startswith("v")}
    assert kept == {ready.label, f"{ready.label}.json"}


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_that_take_long_the_first_that_is_done_wins(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, _ = services.create_version(package(body="one"))
    write = package_store.write_version

    def write_after_another_one(skill: str, number: int, *rest: Any) -> None:
        write(skill, number, *rest)
        if number == 2:
            SkillVersion.objects.update(created_at=timezone.now() - timedelta(seconds=1))
            services.edit_version(base.skill, 1, {"b.txt": b"fast"}, user=None, expected_latest=1)

    monkeypatch.setattr(package_store, "write_version", write_after_another_one)
    with pytest.raises(services.Conflict, match="the newest version is now v3"):
        services.edit_version(base.skill, 1, {"b.txt": b"slow"}, user=None, expected_latest=1)
    assert list(SkillVersion.objects.values_list("number", flat=True)) == [3, 1]
