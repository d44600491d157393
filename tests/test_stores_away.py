"""The admin and the API while S3 or DynamoDB does not answer: said in words, and all else goes on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores.orm import OrmStore
from skills_registry.store import package_store

from .conftest import publish
from .support.api import Api
from .support.packages import skill_md, zip_of
from .support.pages import SKILLS, staged, text_of

pytestmark = pytest.mark.django_db


def away(*args: Any, **_: Any) -> None:
    raise StoreUnavailable("Could not connect to the endpoint")


def test_pages_that_need_files_say_that_the_store_is_away(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    skill = publish().skill
    review = staged(browser, zip_of({"SKILL.md": skill_md()}))
    monkeypatch.setattr(package_store, "_read", away)
    for page in (review, f"{SKILLS}{skill.pk}/versions/1/"):
        answer = browser.get(page)
        assert answer.status_code == 503
        assert "the package store, which is not responding: Could not connect" in text_of(answer)


def test_skills_are_listed_and_published_while_calls_cannot_be_counted(
    browser: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    skill = publish().skill
    monkeypatch.setattr(OrmStore, "totals", away)
    assert browser.get(SKILLS).status_code == 200
    assert "is unavailable" in text_of(browser.get(f"{SKILLS}{skill.pk}/change/"))
    told = Api(operator).get("skills/greeter/").json()
    assert (told["live_version"], told["calls"], told["last_call"]) == (1, None, None)


def test_api_answers_503_where_the_log_is_away(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrmStore, "calls", away)
    answer = Api(operator).get("logs/")
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "A required store does not answer: Could not connect to the endpoint",
    )


def test_local_folder_that_cannot_be_read_is_a_store_that_is_away(browser: Client, operator: User, store: Path) -> None:
    skill = publish().skill
    shutil.rmtree(store / "skills/greeter/v1")
    (store / "skills/greeter/v1").write_text("no folder")
    page = browser.get(f"{SKILLS}{skill.pk}/versions/1/")
    download = Api(operator).client.get("/api/v1/skills/greeter/versions/1/download/")
    assert (page.status_code, download.status_code) == (503, 503)
    assert "the package store, which is not responding: Not a directory" in text_of(page)


def test_file_that_is_missing_in_the_store_is_said_to_be_that(browser: Client, store: Path) -> None:
    skill = publish().skill
    (store / "skills/greeter/v1/SKILL.md").unlink()
    page = browser.get(f"{SKILLS}{skill.pk}/versions/1/")
    assert page.status_code == 503
    assert "No such file" in text_of(page)


@pytest.mark.parametrize("mistake", [PermissionError(13, "Permission denied"), ConnectionError("refused")])
def test_other_failures_are_not_taken_for_a_store_that_is_away(
    browser: Client, monkeypatch: pytest.MonkeyPatch, mistake: OSError
) -> None:
    skill = publish().skill

    def fail(*_: Any, **__: Any) -> None:
        raise mistake

    monkeypatch.setattr("skills_registry.admin.skill_page.version_side", fail)
    browser.raise_request_exception = False
    answer = browser.get(f"{SKILLS}{skill.pk}/versions/1/")
    assert answer.status_code == 500
    assert "package store" not in text_of(answer)
