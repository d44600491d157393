"""Downloads are sent once: whoever has the bytes already, and says so, gets 304 without them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.models import Skill, SkillVersion

from .conftest import publish
from .support.api import Api
from .support.packages import skill_md, zip_of

pytestmark = pytest.mark.django_db
PATHS = ["api", "zip", "file", "upload"]


@pytest.fixture
def addresses(operator: User) -> dict[str, str]:
    """What can be downloaded, by door."""
    publish(files={"logo.png": b"\x89PNG\r\n"})
    skill = Skill.objects.get().pk
    upload = services.stage_upload("a.zip", zip_of({"SKILL.md": skill_md(), "a.txt": "a"}), user=operator)
    pages = "/admin/skills_registry/skill/"
    return {
        "api": "/api/v1/skills/greeter/versions/1/download/",
        "zip": f"{pages}{skill}/versions/1/zip/",
        "file": f"{pages}{skill}/versions/1/file/logo.png",
        "upload": f"{pages}uploads/{upload.pk}/file/a.txt",
    }


@pytest.fixture(params=["get", "head"])
def ask(request: pytest.FixtureRequest, operator: User) -> Any:
    """Asks for an address of either door, with an `If-None-Match`."""
    by_door = {"/api": Api(operator).client, "/adm": Client()}
    by_door["/adm"].force_login(operator)

    def asked(address: str, known: str = "") -> Any:
        headers = {"if-none-match": known} if known else {}
        return getattr(by_door[address[:4]], request.param)(address, headers=headers)

    return asked


@pytest.mark.parametrize("door", PATHS)
@pytest.mark.parametrize("known", ["{tag}", "W/{tag}", "*", '"other", {tag}', '"other",W/{tag}', '  {tag} , "x"'])
def test_what_is_there_already_is_not_sent_again(addresses: dict[str, str], ask: Any, door: str, known: str) -> None:
    first = ask(addresses[door])
    tag = first.headers["etag"]

    answer = ask(addresses[door], known.format(tag=tag))
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert answer.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= {name.strip() for name in answer.headers["vary"].split(",")}
    assert "content-type" not in answer.headers
    assert answer.headers["content-security-policy"] == first.headers["content-security-policy"]


@pytest.mark.parametrize("door", PATHS)
@pytest.mark.parametrize("known", ['"other"', 'W/"other"', "", "nonsense", "{digest}", '"{digest}', '"*"'])
def test_what_is_not_there_is_sent(addresses: dict[str, str], ask: Any, door: str, known: str) -> None:
    digest = ask(addresses[door]).headers["etag"].strip('"')
    assert ask(addresses[door], known.format(digest=digest)).status_code == 200


@pytest.mark.parametrize("door", PATHS)
def test_who_may_not_have_it_is_not_told_that_it_is_known(addresses: dict[str, str], client: Client, door: str) -> None:
    assert client.get(addresses[door], headers={"if-none-match": "*"}).status_code in (302, 401)


def test_another_version_has_another_tag(addresses: dict[str, str], ask: Any) -> None:
    tag = ask(addresses["api"]).headers["etag"]
    publish(body="another")
    second = ask(addresses["api"].replace("/1/", "/2/"), tag)
    assert (second.status_code, second.headers["etag"]) == (200, f'"{SkillVersion.objects.get(number=2).digest}"')


def test_nothing_is_read_for_who_has_it_already(
    addresses: dict[str, str], ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = ask(addresses["api"]).headers["etag"]

    def fail(*_: Any) -> None:
        raise AssertionError("the version was packed")

    monkeypatch.setattr(services, "export_version", fail)
    assert ask(addresses["api"], tag).status_code == 304
