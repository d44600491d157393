"""Uploading through the API: created, up to date, published, refused; and that a refusal stores nothing."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.models import Publication, Skill, SkillVersion, Upload

from .conftest import live, publish
from .support.api import Api
from .support.packages import package, skill_md, zip_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


def zipped(body: str = "Say hello.") -> bytes:
    return zip_of({"SKILL.md": skill_md(body=body)})


def assert_nothing_stored(store: Path) -> None:
    assert not Skill.objects.exists()
    assert not Upload.objects.exists()
    assert not store.exists()


def test_upload_makes_a_draft_and_answers_with_the_version(api: Api, store: Path) -> None:
    answer = api.upload(zipped(), note="first")

    assert answer.status_code == 201
    version = answer.json()
    assert (version["created"], version["detail"]) == (True, "Created greeter v1.")
    assert (version["skill"], version["version"], version["live"]) == ("greeter", 1, False)
    assert (version["note"], version["uploaded_by"]) == ("first", "olga")
    assert [file["path"] for file in version["files"]] == ["SKILL.md"]
    assert live() is None
    assert (store / "skills/greeter/v1/SKILL.md").read_text() == skill_md()


def test_same_bytes_again_are_200_and_change_nothing(api: Api) -> None:
    first = api.upload(zipped()).json()

    answer = api.upload(zipped(), note="again")
    assert answer.status_code == 200
    assert answer.json() == {**first, "created": False, "detail": "Already up to date (v1)."}
    assert SkillVersion.objects.count() == 1


@pytest.mark.parametrize("flag", ["true", "1"])
def test_publish_flag_makes_the_new_version_live(api: Api, flag: str) -> None:
    publish(body="old")

    answer = api.upload(zipped("new"), publish=flag, note="better")
    assert (answer.status_code, answer.json()["live"]) == (201, True)
    assert live() == "v2"
    publication = Publication.objects.first()
    assert publication is not None
    assert (str(publication.actor), publication.reason) == ("olga", "better")


def test_publish_flag_publishes_bytes_that_are_there_already(api: Api) -> None:
    services.create_version(package())

    answer = api.upload(zipped(), publish="true")
    assert (answer.status_code, answer.json()["live"]) == (200, True)
    assert live() == "v1"


def test_repeated_upload_with_publish_flag_adds_nothing_to_the_history(api: Api) -> None:
    answers = [api.upload(zipped(), publish="true") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[1].json()["live"] is True
    assert Publication.objects.count() == 1


def test_without_the_right_to_publish_the_flag_is_403_and_nothing_is_stored(author: User, store: Path) -> None:
    answer = Api(author).upload(zipped(), publish="true")

    assert (answer.status_code, answer.json()) == (403, {"detail": "You may upload but not publish."})
    assert_nothing_stored(store)


def test_author_uploads_without_publishing(author: User) -> None:
    assert Api(author).upload(zipped(), publish="false").status_code == 201
    assert live() is None


def test_invalid_package_is_400_with_everything_that_is_wrong(api: Api, store: Path) -> None:
    text = "---\nname: Greeter\nlicense: 7\ncolour: blue\n---\nHello.\n"
    answer = api.upload(zip_of({"SKILL.md": text, "a/../../b": "x"}), publish="true")

    assert answer.status_code == 400
    refusal = answer.json()
    assert refusal["detail"] == "The package was refused."
    assert [warning["code"] for warning in refusal["warnings"]] == ["field-unknown"]
    errors = {(error["file"], error["line"], error["code"]) for error in refusal["errors"]}
    assert errors == {
        ("SKILL.md", 2, "name-invalid"),
        ("SKILL.md", 3, "field-not-text"),
        ("SKILL.md", 1, "field-missing"),
        ("a/../../b", None, "path-traversal"),
    }
    assert all(error["message"] and error["severity"] == "error" for error in refusal["errors"])
    assert_nothing_stored(store)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "archive-not-zip"),
        (b"hello", "archive-not-zip"),
        (zipped()[:-10], "archive-damaged"),
        (zip_of({}), "package-empty"),
    ],
    ids=["empty", "no-zip", "cut", "no-entries"],
)
def test_file_that_is_no_package_is_400_with_the_reason(api: Api, content: bytes, code: str, store: Path) -> None:
    answer = api.upload(content)

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert_nothing_stored(store)


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, ["file"]),
        ({"file": "text"}, ["file"]),
        ({"file": io.BytesIO(zipped()), "publish": "perhaps"}, ["publish"]),
        ({"file": io.BytesIO(zipped()), "note": "n" * 10_001}, ["note"]),
        ({"file": io.BytesIO(zipped()), "note": "\0"}, ["note"]),
        ({"file": io.BytesIO(zipped()), "pubilsh": "true"}, ["pubilsh"]),
        ({"publish": "perhaps", "version": "3"}, ["file", "publish", "version"]),
    ],
    ids=["nothing", "no-file", "no-boolean", "long-note", "null", "unknown", "several"],
)
def test_form_that_is_wrong_is_400_with_the_fields_names(
    api: Api, form: dict[str, Any], wrong: list[str], store: Path
) -> None:
    answer = api.client.post("/api/v1/skills/", form)

    assert answer.status_code == 400
    assert sorted(answer.json()["fields"]) == wrong
    assert_nothing_stored(store)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/zip", zipped(), 415),
        ("application/x-www-form-urlencoded", b"file=x", 415),
        ("application/json", b'{"file": "x"}', 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"note": "\xff"}', 400),
        ("application/json; charset=rot13", b"{}", 400),
        ("multipart/form-data", zipped(), 400),
        ("multipart/form-data; boundary=x", b"--x\r\nnot a form", 400),
    ],
)
def test_body_that_is_no_multipart_form_is_refused_in_json(
    api: Api, content_type: str, body: bytes, status: int, store: Path
) -> None:
    answer = api.client.generic("POST", "/api/v1/skills/", body, content_type)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["detail"]
    assert_nothing_stored(store)


def test_zip_over_the_limit_is_413(api: Api, settings: Any, store: Path) -> None:
    settings.SKILL_MAX_ARCHIVE_BYTES = 1000

    answer = api.upload(b"x" * 1001)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The file has 1,001 bytes; at most 1,000 are allowed."}
    assert_nothing_stored(store)


def test_field_that_is_as_large_as_a_file_is_413(api: Api, settings: Any, store: Path) -> None:
    answer = api.upload(zipped(), note="n" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))

    assert answer.status_code == 413
    assert answer.json()["detail"]
    assert_nothing_stored(store)


def test_zip_of_the_largest_size_is_taken(api: Api, settings: Any, store: Path) -> None:
    limit = settings.SKILL_MAX_ARCHIVE_BYTES
    settings.SKILL_MAX_BYTES = limit
    content = stored_zip({"SKILL.md": skill_md().encode(), "assets/noise.bin": b""})
    noise = os.urandom(limit - len(content))
    content = stored_zip({"SKILL.md": skill_md().encode(), "assets/noise.bin": noise})
    assert len(content) == limit

    assert api.upload(content).status_code == 201
    assert (store / "skills/greeter/v1/assets/noise.bin").read_bytes() == noise


def stored_zip(files: dict[str, bytes]) -> bytes:
    """A zip that is larger than its files by the same number of bytes, whatever is in them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def test_store_that_fails_is_503_and_leaves_no_version(api: Api, store: Path) -> None:
    (store / "skills/greeter/v1/SKILL.md").mkdir(parents=True)

    answer = api.upload(zipped())
    assert (answer.status_code, list(answer.json())) == (503, ["detail"])
    assert "nothing was changed" in answer.json()["detail"]
    assert not SkillVersion.objects.exists()
