"""Requests of people and scripts that ask for much more work than they look like."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.bounded import pool
from skills_registry.bounded.pool import JobFailed
from skills_registry.packages.archive import read_archive
from skills_registry.packages.dropped_files import sort_into_packages
from skills_registry.packages.edits import EDITS_MAX, InvalidEdits, read_edits
from skills_registry.packages.zip_writing import write_zip

from .conftest import publish
from .support.api import Api
from .support.packages import skill_md, zip_of
from .support.pages import SKILLS, staged, text_of

pytestmark = pytest.mark.django_db
MEBIBYTE = 1024 * 1024
EDIT = "skills/greeter/versions/1/edit/"


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Let no work be done: since it takes too long, or since all workers are busy."""

    def refuse(busy: bool) -> None:
        def not_done(*_: Any) -> None:
            raise JobFailed("refused", busy=busy)

        monkeypatch.setattr(pool._pool, "run", not_done)

    return refuse


@pytest.mark.parametrize(
    "body",
    [
        b'{"changes":[' + b"[]," * 600_000 + b"[]]}",
        b'{"tags":[' + b'"",' * 600_000 + b'""]}',
        b'{"changes":{' + b",".join(b'"%d":null' % number for number in range(150_000)) + b"}}",
    ],
    ids=["lists", "texts", "fields"],
)
def test_a_json_body_of_very_many_values_is_refused_before_each_is_checked(api: Api, body: bytes) -> None:
    publish()
    for path in (EDIT, "skills/greeter/tags/"):
        answer = api.client.generic("POST" if path == EDIT else "PUT", f"/api/v1/{path}", body, "application/json")
        assert (answer.status_code, "20,000 values" in answer.json()["detail"]) == (400, True)


def test_many_paths_that_take_the_bytes_of_one_are_refused_before_they_are_copied(browser: Client) -> None:
    files = [("SKILL.md", skill_md().encode()), ("large.bin", bytes(4 * MEBIBYTE))]
    version, _ = services.create_version(read_archive(write_zip(files, {"large.bin"})))
    edits = {f"{number}.bin": {"from": "large.bin"} for number in range(500)}
    address = f"{SKILLS}{version.skill_id}/versions/1/edit/check/"
    started = time.process_time()
    answer = browser.post(address, {"edits": edits, "path": ""}, "application/json").json()
    assert [error["code"] for error in answer["errors"]] == ["package-too-large"]
    assert time.process_time() - started < 2


def test_there_are_not_more_edits_than_a_package_could_have_files(api: Api) -> None:
    edits = {str(number): None for number in range(EDITS_MAX + 1)}
    with pytest.raises(InvalidEdits) as refused:
        read_edits(edits)
    assert (refused.value.code, refused.value.params) == ("too-many-edits", {"count": 4097, "limit": 4096})
    version = publish()
    with pytest.raises(services.Conflict, match="4097 edits"):
        services.inspect_edit(version, edits)


def test_paths_that_are_dropped_may_be_of_any_length() -> None:
    started = time.process_time()
    assert sort_into_packages(["a/" * MEBIBYTE, "x/SKILL.md"]).left_out == ["a/" * MEBIBYTE]
    assert time.process_time() - started < 2


@pytest.mark.parametrize(("busy", "code"), [(False, "too-much-work"), (True, "server-busy")])
def test_a_package_that_cannot_be_read_is_refused_in_words(
    browser: Client, api: Api, no_workers: Callable[[bool], None], busy: bool, code: str
) -> None:
    no_workers(busy)
    data = zip_of({"SKILL.md": skill_md()})
    (error,) = api.upload(data, "skills/validate/").json()["errors"]
    assert error["code"] == code
    assert error["message"] in text_of(browser.get(staged(browser, data)))


def test_pages_show_texts_as_they_are_where_they_take_too_long(
    browser: Client, no_workers: Callable[[bool], None]
) -> None:
    publish(files={"run.py": "print()"})
    version = publish(body="**Bold** <b>", files={"run.py": "print(1)"})
    no_workers(False)
    page = browser.get(f"{SKILLS}{version.skill_id}/change/")
    assert "**Bold** &lt;b&gt;" in page.text
    assert "takes too long to render" in text_of(page)
    files = browser.get(f"{SKILLS}{version.skill_id}/files/2/run.py")
    assert "too large to show here" in text_of(files)
    compared = browser.get(f"{SKILLS}{version.skill_id}/compare/?from=1&to=2")
    assert "You can download both versions" in text_of(compared)


def test_a_long_text_is_shown_as_far_as_a_page_goes(browser: Client) -> None:
    version = publish(body="word " * 60_000, files={"long.txt": "line\n" * 20_000})
    assert "the rest of the text is not shown" in text_of(browser.get(f"{SKILLS}{version.skill_id}/change/"))
    page = browser.get(f"{SKILLS}{version.skill_id}/files/1/long.txt")
    assert "Download the file to see the rest" in text_of(page)
    assert ('id="L10000"' in page.text, 'id="L10001"' in page.text) == (True, False)


def test_a_source_without_colours_is_shown_where_these_take_too_long(browser: Client) -> None:
    version = publish(files={"main.tf": "a" * 4_900 * 25, "lines.tf": ("a" * 4_900 + "\n") * 26})
    for path in ("main.tf", "lines.tf"):
        page = browser.get(f"{SKILLS}{version.skill_id}/files/1/{path}")
        assert page.text.count("a" * 4_900) >= 25
