"""Versions and skills as zips: the same bytes each time, whole, and accepted again as an upload."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from skills_registry import services
from skills_registry.models import Skill
from skills_registry.packages.archive import read_archive

from .conftest import publish
from .support.packages import package

pytestmark = pytest.mark.django_db(transaction=True)
FILES: dict[str, str | bytes] = {"docs/数据.md": "text " * 1000, "scripts/run.sh": "echo", "empty": b"", "b.bin": b"\0"}


def test_zip_of_a_version_is_the_package_again(tmp_path: Path) -> None:
    version = publish(files=FILES)
    exported = services.export_version(version)

    assert exported == services.export_version(version)
    assert read_archive(exported).digest == version.digest
    assert services.create_version(read_archive(exported)) == (version, False)
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"greeter/{file['path']}" for file in version.files]
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
        archive.extractall(tmp_path)
    assert (tmp_path / "greeter/docs/数据.md").read_text() == FILES["docs/数据.md"]
    assert len(exported) < version.size


def test_several_skills_are_one_zip_in_pieces() -> None:
    publish("one", files=FILES)
    publish("two", body="old")
    services.create_version(package("two", body="new"))
    services.create_version(package("three", body="draft one"))
    services.create_version(package("three", body="draft two"))
    Skill.objects.create(name="empty")

    pieces = list(services.export_skills(Skill.objects.order_by("name")))
    assert len(pieces) == 5 + 1 + 1 + 1, "a piece for each file, and one for the end"
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
        texts = {name: archive.read(f"{name}/SKILL.md").decode() for name in folders}
    assert folders == {"one", "two", "three"}
    assert ("old" in texts["two"], "draft two" in texts["three"]) == (True, True)
    assert b"".join(services.export_skills(Skill.objects.order_by("name"))) == b"".join(pieces)


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_damaged_version_is_not_handed_out(store: Any, damage: str) -> None:
    version = publish()
    stored = store / "skills/greeter/v1/SKILL.md"
    if damage == "missing":
        stored.unlink()
    else:
        stored.write_text("changed")
    with pytest.raises((services.StoreFailed, FileNotFoundError)):
        services.export_version(version)
