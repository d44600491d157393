"""What is left over is swept, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.utils import timezone

from skills_registry import services
from skills_registry.models import SkillVersion, Upload
from skills_registry.store import package_store

from .conftest import publish
from .support.packages import package

pytestmark = pytest.mark.django_db(transaction=True)


def age(path: Path, by: timedelta) -> None:
    then = (timezone.now() - by).timestamp()
    os.utime(path, (then, then))


def test_staged_upload_goes_after_a_day(store: Path) -> None:
    old, fresh = services.stage_upload("old.zip", b"x"), services.stage_upload("fresh.zip", b"y")
    age(store / f"uploads/{old.pk}.zip", timedelta(days=1, minutes=1))
    Upload.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    assert services.sweep().uploads == 1
    assert list(Upload.objects.all()) == [fresh]
    assert [path.stem for path in (store / "uploads").iterdir()] == [str(fresh.pk)]


def test_staged_file_without_a_row_goes_too(store: Path) -> None:
    orphan = services.stage_upload("lost.zip", b"x")
    Upload.objects.all().delete()
    age(store / f"uploads/{orphan.pk}.zip", timedelta(days=2))

    assert services.sweep().uploads == 1
    assert not list((store / "uploads").iterdir())


def test_version_of_an_interrupted_upload_goes_with_its_files(store: Path) -> None:
    publish(body="one")
    version, _ = services.create_version(package(body="two"))
    SkillVersion.objects.filter(pk=version.pk).update(
        state="storing", created_at=timezone.now() - services.STORING_LIFETIME - timedelta(minutes=1)
    )

    assert services.sweep().versions == 1
    assert [v.number for v in SkillVersion.objects.all()] == [1]
    assert (store / "skills/greeter/v1/SKILL.md").exists()
    assert not (store / "skills/greeter/v2").exists()
    assert not (store / "skills/greeter/v2.json").exists()


def test_upload_that_is_being_stored_now_is_left_alone() -> None:
    version, _ = services.create_version(package())
    SkillVersion.objects.filter(pk=version.pk).update(state="storing")

    assert services.sweep() == services.SweepResult(0, 0, 0)
    assert SkillVersion.objects.exists()


def test_upload_that_takes_longer_than_the_sweep_allows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    write = package_store.write_version

    def write_for_hours(*args: Any) -> None:
        write(*args)
        SkillVersion.objects.update(created_at=timezone.now() - services.STORING_LIFETIME * 2)
        assert services.sweep().versions == 1

    monkeypatch.setattr(package_store, "write_version", write_for_hours)
    with pytest.raises(services.Conflict, match=r"took too long to store and was removed. Upload it again"):
        services.create_version(package())
    assert not SkillVersion.objects.exists()


def test_upload_that_cannot_be_removed_is_named_and_holds_up_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, old = services.stage_upload("stuck.zip", b"x"), services.stage_upload("old.zip", b"y")
    for upload in (stuck, old):
        age(store / f"uploads/{upload.pk}.zip", timedelta(days=2))
    delete = package_store.delete_upload

    def delete_but_one(pk: UUID) -> None:
        if pk == stuck.pk:
            raise OSError("busy")
        delete(pk)

    monkeypatch.setattr(package_store, "delete_upload", delete_but_one)
    swept = services.sweep()
    assert [path.stem for path in (store / "uploads").iterdir()] == [str(stuck.pk)]
    assert (swept.uploads, swept.failures) == (1, (f"upload {stuck.pk} could not be removed: busy",))


def test_uploads_that_cannot_be_listed_are_told(store: Path) -> None:
    (store / "uploads").mkdir(parents=True)
    (store / "uploads").rmdir()
    (store / "uploads").write_text("a file where the folder should be")

    swept = services.sweep()
    assert [failure.partition(":")[0] for failure in swept.failures] == ["staged uploads could not be listed"]


def test_command_says_what_it_did() -> None:
    out = StringIO()
    call_command("sweep", stdout=out)
    assert (
        out.getvalue()
        == "0 uploads, 0 unfinished versions and 0 expired log rows removed, 0 pending projections written.\n"
        "0 calls logged that replicas had left in the bucket.\n"
    )
