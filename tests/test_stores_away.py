"""The admin and the API while S3 or DynamoDB does not answer: said in words, and all else goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.stores.orm import OrmStore
from skills_registry.store import package_store
from skills_registry.store.backends.s3 import StoreUnavailable

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
        "A store that this needs does not answer: Could not connect to the endpoint",
    )
