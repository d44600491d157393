"""New code on a database that was not migrated yet: it is not ready, and says what has to be done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from mcp_gateway.catalog import LiveCatalog
from mcpsite import health
from mcpsite.readiness import Readiness
from skills_registry.catalog import get_catalog

from .support.api import Api
from .support.pages import SKILLS, text_of
from .support.prepared import Prepared
from .support.server import UVICORN, Server, manage

LACKING = "skills_registry.0006_fill_audit_trail"


class UnreadyServer(Server):
    """One that is there as soon as it answers anything."""

    def _answers(self) -> bool:
        try:
            return bool(httpx.get(f"{self.url}/healthz").status_code)
        except httpx.TransportError:
            return False


@pytest.fixture
def unknown_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has begun just now, and has not looked at the migrations yet."""
    catalog = LiveCatalog(get_catalog(), refresh_seconds=0, cache_bytes=0)
    monkeypatch.setattr(health, "readiness", Readiness(lambda: catalog))
    monkeypatch.setattr("mcpsite.schema._complete", False)


@pytest.fixture
def old_schema(transactional_db: None, operator: User, unknown_schema: None) -> Iterator[None]:
    """The database as the release before the last tables left it."""
    call_command("migrate", "skills_registry", "0002", verbosity=0)
    yield
    call_command("migrate", verbosity=0)


def test_readyz_names_the_missing_migrations(old_schema: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"].startswith("missing: skills_registry.0003_tags_and_owner, ")


@pytest.mark.parametrize("path", ["/admin/", SKILLS, "/api/v1/skills/"])
def test_pages_and_the_api_say_what_to_do(old_schema: None, operator: User, path: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(operator)
    answer = client.get(path)
    assert answer.status_code == 503
    said = answer.json()["detail"] if path.startswith("/api/") else text_of(answer)
    assert "The database is older than this release. Run `manage.py migrate`; missing: skills_registry.0003" in said


@pytest.mark.django_db
def test_migrations_are_looked_up_until_none_is_missing(
    unknown_schema: None, client: Client, django_assert_max_num_queries: Any
) -> None:
    # Expect 2 queries besides those of each look: tables, and what was applied
    with django_assert_max_num_queries(4):
        assert client.get("/readyz").json()["migrations"] == "ok"
    with django_assert_max_num_queries(2):
        assert client.get("/readyz").json()["migrations"] == "ok"


@pytest.mark.django_db
def test_database_of_a_newer_release_is_ready(unknown_schema: None, client: Client, operator: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('skills_registry', '9999_newer', %s)",
            ["2030-01-01 00:00:00+00:00"],
        )
    assert client.get("/readyz").status_code == 200
    assert Api(operator).get("skills/").status_code == 200


def test_server_says_at_its_start_what_to_do_and_is_ready_once_it_is_done(tmp_path: Path, prepared: Prepared) -> None:
    data = tmp_path / "data"
    manage(data, "migrate", "skills_registry", "0005")
    shutil.copytree(prepared.empty / "static", data / "static")
    with UnreadyServer(UVICORN, data) as server:
        assert "The database is older than this release. Run: manage.py migrate" in server.output
        assert LACKING in server.output
        assert LACKING in httpx.get(f"{server.url}/readyz").json()["migrations"]

        assert manage(data, "migrate").returncode == 0
        assert httpx.get(f"{server.url}/readyz").status_code == 200
