"""What DATABASE_URL says goes before what is usual, as far as the pool allows it."""

from __future__ import annotations

from typing import Any

import pytest

from mcpsite.databases import add_limits
from mcpsite.env import env_database


def settings_of(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("DATABASE_URL", url)
    found = env_database("DATABASE_URL", "")
    return add_limits(found, pool_size=5, pool_timeout=8, connect_timeout=3, answer_timeout=7)


def test_postgresql_has_a_pool_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings_of("postgres://user:secret@host/name", monkeypatch)
    assert (made["ENGINE"], made["CONN_MAX_AGE"], made["NAME"]) == ("mcpsite.postgresql", 0, "name")
    options = made["OPTIONS"]
    assert (options["connect_timeout"], options["tcp_user_timeout"]) == (3, 7000)
    assert (options["pool"]["max_size"], options["pool"]["timeout"], options["pool"]["max_lifetime"]) == (5, 8, 3600)


def test_parameters_of_the_url_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgres://host/name?sslmode=require&connect_timeout=9&conn_max_age=60&disable_server_side_cursors=true"
    made = settings_of(url, monkeypatch)
    assert (made["OPTIONS"]["sslmode"], made["OPTIONS"]["connect_timeout"]) == ("require", 9)
    assert made["OPTIONS"]["pool"]["max_lifetime"] == 60
    assert (made["CONN_MAX_AGE"], made["DISABLE_SERVER_SIDE_CURSORS"]) == (0, True)
    assert "conn_max_age" not in made["OPTIONS"]


def test_sqlite_has_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings_of("sqlite:////tmp/db.sqlite3", monkeypatch)
    assert made["ENGINE"] == "django.db.backends.sqlite3"
    assert "pool" not in made["OPTIONS"]
