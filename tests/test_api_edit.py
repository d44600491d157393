"""Editing a version, and downloading one, through the API."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.models import SkillVersion
from skills_registry.packages.archive import read_archive
from skills_registry.store import package_store

from .conftest import live, publish
from .support.api import Api
from .support.packages import package, skill_md

pytestmark = pytest.mark.django_db
EDIT = "skills/greeter/versions/1/edit/"


@pytest.fixture
def api(operator: User) -> Api:
    publish(files={"docs/a.md": "a", "run.sh": "echo one"})
    return Api(operator)


def test_edit_makes_the_next_version_of_all_files(api: Api) -> None:
    logo = b"\x89PNG\r\n\x00"
    changes = {"run.sh": "écho\n", "logo.png": {"base64": b64encode(logo).decode()}, "docs/a.md": None, "empty": ""}
    answer = api.post(EDIT, changes=changes, expected_latest=1, note="better")

    assert answer.status_code == 201
    made = answer.json()
    assert (made["version"], made["note"], made["uploaded_by"], made["live"]) == (2, "better", "olga", False)
    assert [file["path"] for file in made["files"]] == ["SKILL.md", "empty", "logo.png", "run.sh"]
    assert package_store.read_file("greeter", 2, "run.sh") == "écho\n".encode()
    assert package_store.read_file("greeter", 2, "logo.png") == logo
    assert live() == "v1"


def test_package_that_breaks_is_400_with_file_and_line(api: Api) -> None:
    answer = api.post(EDIT, changes={"SKILL.md": skill_md(license="3")}, expected_latest=1)
    assert answer.status_code == 400
    problem = answer.json()["errors"][0]
    assert (problem["code"], problem["file"], problem["line"]) == ("field-not-text", "SKILL.md", 4)


def test_second_editor_gets_409(api: Api) -> None:
    services.create_version(package(body="two"))
    answer = api.post(EDIT, changes={"run.sh": "mine"}, expected_latest=1)
    assert (answer.status_code, "the newest version is now v2" in answer.json()["detail"]) == (409, True)
    assert SkillVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"changes": {}}, "changes"),
        ({"changes": None}, "changes"),
        ({"changes": ["run.sh"]}, "changes"),
        ({"changes": {"run.sh": 3}}, "changes"),
        ({"changes": {"run.sh": {"base64": "***"}}}, "changes"),
        ({"changes": {"run.sh": {"base64": 3}}}, "changes"),
        ({"changes": {"run.sh": {"base64": "", "text": ""}}}, "changes"),
        ({"expected_latest": None}, "expected_latest"),
        ({"expected_latest": 0}, "expected_latest"),
        ({"expected_live": 1}, "expected_live"),
    ],
)
def test_body_that_is_wrong_is_400_with_the_fields_name(api: Api, changed: dict[str, Any], field: str) -> None:
    body = {"changes": {"run.sh": "new"}, "expected_latest": 1, **changed}
    answer = api.post(EDIT, body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert f"{field}: " in answer.json()["detail"]
    assert SkillVersion.objects.count() == 1


def test_version_that_is_not_there_is_404(api: Api) -> None:
    for path in ("skills/greeter/versions/7", "skills/nobody/versions/1"):
        assert api.post(f"{path}/edit/", changes={"a": "a"}, expected_latest=1).status_code == 404
        assert api.get(f"{path}/download/").status_code == 404


@pytest.mark.parametrize("accept", ["*/*", "application/zip", "text/html"])
def test_download_is_the_package_again_whatever_is_accepted(api: Api, accept: str) -> None:
    answer = api.client.get("/api/v1/skills/greeter/versions/1/download/", headers={"accept": accept})

    version = SkillVersion.objects.get()
    assert (answer.status_code, answer["content-type"]) == (200, "application/zip")
    assert answer["content-disposition"] == 'attachment; filename="greeter-v1.zip"'
    assert answer["etag"] == f'"{version.digest}"'
    assert read_archive(answer.content).digest == version.digest
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("greeter/run.sh") == b"echo one"
    refused = api.client.get("/api/v1/skills/greeter/versions/7/download/", headers={"accept": accept})
    assert (refused.status_code, refused["content-type"]) == (404, "application/json")


def test_damaged_version_is_503(api: Api, store: Any) -> None:
    (store / "skills/greeter/v1/run.sh").write_text("changed")
    answer = api.get("skills/greeter/versions/1/download/")
    assert (answer.status_code, "is not what was uploaded" in answer.json()["detail"]) == (503, True)
    assert api.post(EDIT, changes={"docs/a.md": "b"}, expected_latest=1).status_code == 503
