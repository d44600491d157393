"""A staged zip is read and inspected once, however many pages, pictures and comparisons are made of it."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from skills_registry.findings.inspection import Inspection
from skills_registry.models import Upload
from skills_registry.packages.problems import Problem
from skills_registry.services.kept_inspections import KeptInspections
from skills_registry.store import package_store

from .conftest import publish
from .support.packages import package, skill_md, zip_of
from .support.pages import staged

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)
ONE, TWO = uuid.uuid4(), uuid.uuid4()


@pytest.mark.django_db
def test_page_picture_and_comparison_read_the_zip_once(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    page = staged(browser, zip_of({"SKILL.md": skill_md(body="New."), "assets/a.png": PICTURE}))
    reads: list[uuid.UUID] = []
    read = package_store.read_upload

    def count(upload: uuid.UUID) -> bytes:
        reads.append(upload)
        return read(upload)

    monkeypatch.setattr(package_store, "read_upload", count)
    upload = Upload.objects.get()
    for address in (page, f"{page}?mend", f"{page}file/assets/a.png", f"{page}compare/?file=SKILL.md", page):
        assert browser.get(address).status_code == 200, address
    assert reads == [upload.pk]


def test_no_more_is_kept_than_there_is_room_for() -> None:
    inspection = Inspection(package(), ())
    assert inspection.package
    kept = KeptInspections(inspection.package.size)
    kept.put(ONE, inspection, mend=False)
    assert kept.get(ONE, mend=False) is inspection
    kept.put(TWO, inspection, mend=False)
    assert (kept.get(ONE, mend=False), kept.get(TWO, mend=True)) == (None, inspection)
    kept.forget(TWO)
    assert kept.get(TWO, mend=False) is None
    small = KeptInspections(inspection.package.size - 1)
    small.put(ONE, inspection, mend=False)
    assert small.get(ONE, mend=False) is None


def test_refused_upload_is_kept_apart_from_its_mended_form() -> None:
    kept = KeptInspections(1_000_000)
    refused, mended = Inspection(None, (Problem("yaml-invalid"),)), Inspection(package(), ())
    kept.put(ONE, refused, mend=False)
    assert kept.get(ONE, mend=True) is None
    kept.put(ONE, mended, mend=True)
    assert (kept.get(ONE, mend=False), kept.get(ONE, mend=True)) == (refused, mended)


@pytest.mark.parametrize("code", ["server-busy", "too-much-work"])
def test_inspection_that_may_end_otherwise_is_not_kept(code: str) -> None:
    kept = KeptInspections(1_000_000)
    kept.put(ONE, Inspection(None, (Problem(code),)), mend=False)
    assert kept.get(ONE, mend=False) is None
