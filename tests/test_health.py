"""/healthz says that the process answers, /readyz that it can do its work."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client

BACKGROUND = {"background": "ok", "recording": "ok"}


class StoreThatIsAway(FileSystemStorage):
    """A package store that cannot be reached."""

    def check_access(self) -> None:
        raise ConnectionRefusedError("connection refused by 10.0.0.7:9000")


@pytest.fixture
def store_is_away(settings: Any) -> None:
    changed = copy.deepcopy(settings.STORAGES)
    changed["skills"] = {"BACKEND": "tests.test_health.StoreThatIsAway"}
    settings.STORAGES = changed


def lose_the_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE skills_registry_cataloghead RENAME TO gone")


def test_healthz_answers_without_asking_anybody(client: Client, store_is_away: None) -> None:
    # No database here: pytest-django fails a test that asks it without saying so.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.django_db
def test_readyz_asks_everything_that_is_needed_to_work(client: Client, django_assert_num_queries: Any) -> None:
    client.get("/readyz")  # which may look for missing migrations, once in the life of a process
    # Expect 2 queries:
    # * whether there is a head of the catalog
    # * its generation, as gateways ask for it
    with django_assert_num_queries(2):
        answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "migrations": "ok", "store": "ok", "catalog": "ok", **BACKGROUND}


@pytest.mark.django_db
def test_readyz_is_503_where_the_store_is_away(client: Client, store_is_away: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    expected = {"database": "ok", "migrations": "ok", "store": "ConnectionRefusedError", "catalog": "ok"}
    assert answer.json() == {**expected, **BACKGROUND}


@pytest.mark.django_db
def test_readyz_is_503_where_the_database_has_no_tables(client: Client) -> None:
    lose_the_tables()

    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] in ("OperationalError", "ProgrammingError")
    assert answer.json()["store"] == "ok"


@pytest.mark.django_db
def test_readyz_tells_no_details_of_what_is_away(client: Client, store_is_away: None) -> None:
    lose_the_tables()

    answer = client.get("/readyz")
    assert "10.0.0.7" not in answer.text
    assert "cataloghead" not in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_both_answer_head_and_nothing_that_changes(client: Client, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_both_answer_over_plain_http_where_all_else_is_redirected(client: Client, settings: Any, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get(path).status_code == 200
    assert Client().get("/admin/").status_code == 301
