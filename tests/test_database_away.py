"""The database is locked, full, away or cannot be written: each door says so with 503, and nothing is a bare 500."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, InterfaceError, InternalError, OperationalError, connection
from django.db import ProgrammingError as DjangoProgrammingError
from django.test import Client

from mcpsite.http.outages import explain_outage

from .conftest import publish
from .support.api import Api
from .support.packages import skill_md, zip_of
from .support.pages import SKILLS, staged, text_of
from .support.prepared import Prepared
from .support.server import UVICORN, Server, manage

SILENT = "The database is not responding."
FULL = "The database's disk is full. Nothing was changed."
READ_ONLY = "The database is read-only. Nothing was changed."


def caused(error: Exception, cause: Exception) -> Exception:
    """An error of Django's for one of a driver's."""
    error.__cause__ = cause
    return error


def sqlite(message: str, code: int) -> Exception:
    cause = sqlite3.OperationalError(message)
    cause.sqlite_errorcode = code
    return caused(OperationalError(message), cause)


FAILURES = [
    (sqlite("database is locked", sqlite3.SQLITE_BUSY), SILENT),
    (sqlite("database is locked", sqlite3.SQLITE_BUSY_SNAPSHOT), SILENT),
    (sqlite("database or disk is full", sqlite3.SQLITE_FULL), FULL),
    (sqlite("disk I/O error", sqlite3.SQLITE_IOERR_WRITE), SILENT),
    (sqlite("unable to open database file", sqlite3.SQLITE_CANTOPEN), SILENT),
    (sqlite("attempt to write a readonly database", sqlite3.SQLITE_READONLY_DBMOVED), READ_ONLY),
    (OperationalError("connection refused"), SILENT),
    (InterfaceError("the connection is closed"), SILENT),
    (caused(OperationalError("too many"), psycopg.errors.TooManyConnections("sorry, too many clients")), SILENT),
    (caused(OperationalError("timeout"), psycopg.errors.QueryCanceled("statement timeout")), SILENT),
    (caused(OperationalError("down"), psycopg.errors.AdminShutdown("terminating connection")), SILENT),
    (caused(OperationalError("full"), psycopg.errors.DiskFull("could not extend file")), FULL),
    (caused(InternalError("standby"), psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")), READ_ONLY),
]
MISTAKES = [
    sqlite("near SELEKT: syntax error", sqlite3.SQLITE_ERROR),
    caused(InternalError("aborted"), psycopg.errors.InFailedSqlTransaction("current transaction is aborted")),
    DjangoProgrammingError("syntax error"),
    IntegrityError("UNIQUE constraint failed"),
    DatabaseError("Save with update_fields did not affect any rows."),
    ValueError("a mistake"),
]


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    """Each statement fails."""

    def fail(*_: Any) -> None:
        raise error

    with connection.execute_wrapper(fail):
        yield


@contextmanager
def writes_failing(error: Exception, table: str = "") -> Iterator[None]:
    """Each statement fails that changes something, of one table or of any."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if re.match("INSERT|UPDATE|DELETE", sql) and table in sql:
            raise error
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield


@pytest.fixture
def visitor(browser: Client) -> Client:
    """Somebody who is logged in, and who gets answers where the test client would raise."""
    browser.raise_request_exception = False
    return browser


@pytest.mark.parametrize(("error", "text"), FAILURES)
def test_failure_of_the_database_is_told_from_a_mistake(error: Exception, text: str) -> None:
    assert explain_outage(error) == text


@pytest.mark.parametrize("error", MISTAKES)
def test_mistake_is_not_taken_for_a_failure_of_the_database(error: Exception) -> None:
    assert explain_outage(error) == ""


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", SKILLS, "/api/v1/skills/", "/admin/password_change/"])
@pytest.mark.parametrize(("error", "text"), FAILURES[:1] + FAILURES[2:3] + FAILURES[7:8] + FAILURES[12:])
def test_every_page_and_the_api_say_503(visitor: Client, path: str, error: Exception, text: str) -> None:
    with failing(error):
        answer = visitor.get(path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    said = answer.json()["detail"] if path.startswith("/api/") else text_of(answer)
    assert text in said
    assert "Traceback" not in answer.text
    assert str(error) not in answer.text


@pytest.mark.django_db
def test_page_is_in_the_readers_language_and_needs_no_database(visitor: Client) -> None:
    with failing(OperationalError("connection refused")):
        answer = visitor.get("/admin/", headers={"accept-language": "zh-hans"})
    assert answer.status_code == 503
    assert 'lang="zh-hans"' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [error for error, _ in FAILURES[:3]])
def test_login_whose_session_cannot_be_kept_is_503(operator: User, error: Exception) -> None:
    client = Client(raise_request_exception=False)

    with writes_failing(error):
        answer = client.post("/admin/login/", {"username": "olga", "password": "olgas-password"})
    assert answer.status_code == 503


@pytest.mark.django_db
def test_session_that_cannot_be_changed_is_503_and_not_a_bad_request(visitor: Client) -> None:
    with writes_failing(FAILURES[0][0], "django_session"):
        answer = visitor.post(
            "/admin/password_change/",
            {"old_password": "olgas-password", "new_password1": "xK9-zebra-17", "new_password2": "xK9-zebra-17"},
        )
    assert answer.status_code == 503


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["upload", "publish", "tags"])
def test_operation_of_the_api_is_503_while_nothing_can_be_written(operator: User, what: str) -> None:
    publish()
    api = Api(operator)
    api.client.raise_request_exception = False
    calls: dict[str, Callable[[], Any]] = {
        "upload": lambda: api.upload(zip_of({"SKILL.md": skill_md(body="another")})),
        "publish": lambda: api.post("skills/greeter/publish/", version=1),
        "tags": lambda: api.put("skills/greeter/tags/", tags=["data"]),
    }
    with writes_failing(FAILURES[0][0]):
        answer = calls[what]()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"detail": SILENT}


@pytest.mark.django_db
def test_forms_of_the_admin_are_503_while_nothing_can_be_written(visitor: Client) -> None:
    review = staged(visitor, zip_of({"SKILL.md": skill_md()}))
    with writes_failing(FAILURES[0][0]):
        answer = visitor.post(review, {"note": "", "create": "1"})
    assert answer.status_code == 503
    assert SILENT in text_of(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", "/api/v1/skills/"])
def test_mistake_stays_500(visitor: Client, path: str) -> None:
    with failing(DjangoProgrammingError("syntax error")):
        assert visitor.get(path).status_code == 500


def test_command_says_in_a_sentence_that_the_database_is_away(tmp_path: Path) -> None:
    done = manage(tmp_path / "data", "list_tokens", DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/db.sqlite3")
    assert done.returncode == 1
    assert done.stderr == f"{SILENT} (unable to open database file)\n"


def test_command_shows_all_there_is_to_say_where_it_is_asked_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere/db.sqlite3"
    done = manage(tmp_path / "data", "list_tokens", "--traceback", DATABASE_URL=url)
    assert "Traceback" in done.stderr


def test_locked_database_is_read_and_says_503_to_what_would_change_it(tmp_path: Path, prepared: Prepared) -> None:
    data = shutil.copytree(prepared.operated, tmp_path / "data")
    locker = sqlite3.connect(data / "db.sqlite3", isolation_level=None)
    headers = {"authorization": f"Bearer {prepared.token}"}
    with (
        Server(UVICORN, data) as server,
        closing(locker),
        httpx.Client(base_url=server.url, headers=headers, timeout=60) as ask,
    ):
        locker.execute("BEGIN IMMEDIATE")
        assert ask.get("/api/v1/skills/").status_code == 200
        answer = ask.post("/api/v1/skills/", files={"file": ("a.zip", zip_of({"SKILL.md": skill_md()}))})
        assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (503, "5", {"detail": SILENT})
        locker.execute("ROLLBACK")
        answer = ask.post("/api/v1/skills/", files={"file": ("a.zip", zip_of({"SKILL.md": skill_md()}))})
        assert answer.status_code == 201
