"""/healthz says that the process answers, /readyz that it can do its work."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client

from mcp_gateway.catalog import LiveCatalog
from mcpsite import health, readiness
from mcpsite.readiness import Readiness
from skills_registry.catalog import get_catalog

from .conftest import publish


class StoreThatIsAway(FileSystemStorage):
    """A package store that cannot be reached."""

    def check_access(self) -> None:
        raise ConnectionRefusedError("connection refused by 10.0.0.7:9000")


@pytest.fixture
def store_is_away(settings: Any) -> None:
    changed = copy.deepcopy(settings.STORAGES)
    changed["skills"] = {"BACKEND": "tests.test_health.StoreThatIsAway"}
    settings.STORAGES = changed


@pytest.fixture
def tables_are_lost(transactional_db: None) -> Iterator[None]:
    rename("skills_registry_cataloghead", "gone")
    yield
    rename("gone", "skills_registry_cataloghead")


def rename(table: str, to: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {to}")


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> Readiness:
    """A process that has just begun, and forgets its answers at once."""
    catalog = LiveCatalog(get_catalog(), refresh_seconds=0, cache_bytes=0)
    found = Readiness(lambda: catalog)
    monkeypatch.setattr(health, "readiness", found)
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    return found


def told(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_healthz_answers_without_asking_anybody(client: Client, store_is_away: None) -> None:
    # No database here: pytest-django fails a test that asks it without saying so.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.django_db(transaction=True)
def test_readyz_asks_everything_that_is_needed_to_work(client: Client) -> None:
    version = publish()
    status, found = told(client)
    assert (status, found.pop("catalog_age_seconds") < 1) == (200, True)
    assert found == {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "store": "ok",
        "background": "ok",
        "recording": "ok",
        "catalog": "ok",
        "redis": "ok",
        "catalog_generation": version.skill.generation,
    }


@pytest.mark.django_db(transaction=True)
def test_process_serves_while_the_store_is_away(client: Client, store_is_away: None) -> None:
    status, found = told(client)
    assert (status, found["status"], found["store"]) == (200, "degraded", "ConnectionRefusedError")
    assert (found["database"], found["catalog"]) == ("ok", "ok")


@pytest.mark.usefixtures("tables_are_lost")
def test_process_that_never_had_its_tables_cannot_serve(client: Client) -> None:
    status, found = told(client)
    assert (status, found["status"]) == (503, "unavailable")
    assert found["database"] in ("OperationalError", "ProgrammingError")
    assert (found["store"], found["catalog_generation"]) == ("ok", None)


@pytest.mark.django_db(transaction=True)
def test_process_becomes_ready_by_itself_and_stays_so_while_the_database_is_away(client: Client) -> None:
    rename("skills_registry_cataloghead", "gone")
    try:
        assert told(client)[0] == 503
    finally:
        rename("gone", "skills_registry_cataloghead")
    assert told(client)[1]["status"] == "ok"
    rename("skills_registry_cataloghead", "gone")
    try:
        status, found = told(client)
    finally:
        rename("gone", "skills_registry_cataloghead")
    assert (status, found["status"]) == (200, "degraded")


@pytest.mark.django_db(transaction=True)
def test_part_that_hangs_is_said_to_in_time_and_is_not_asked_twice_at_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    released = threading.Event()

    def hang() -> None:
        asked.append(1)
        released.wait(30)

    monkeypatch.setattr(readiness, "SECONDS", 0.2)
    monkeypatch.setitem(readiness.CHECKS, "store", hang)
    try:
        assert [told(client)[1]["store"] for _ in range(3)] == ["DeadlinePassed", "Busy", "Busy"]
    finally:
        released.set()
    assert asked == [1]


@pytest.mark.django_db(transaction=True)
async def test_answer_is_given_again_for_a_moment(begun: Readiness, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 60.0)
    monkeypatch.setitem(readiness.CHECKS, "store", lambda: asked.append(1))
    reports = [*await asyncio.gather(*(begun.report() for _ in range(5))), await begun.report()]
    assert {report.status for report in reports} == {"ok"}
    assert asked == [1]


@pytest.mark.usefixtures("tables_are_lost")
def test_readyz_tells_no_details_of_what_is_away(client: Client, store_is_away: None) -> None:
    answer = client.get("/readyz")
    assert "10.0.0.7" not in answer.text
    assert "cataloghead" not in answer.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_both_answer_head_and_nothing_that_changes(client: Client, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_both_answer_over_plain_http_where_all_else_is_redirected(client: Client, settings: Any, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get(path).status_code == 200
    assert Client().get("/admin/").status_code == 301
