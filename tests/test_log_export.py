"""The log as a file: whole, safe to open, and never whole in memory."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client

from invocations import queries
from invocations.events import InvocationEvent
from invocations.pages import export
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores import get_store
from invocations.stores.orm import OrmStore
from mcp_gateway.auth.tokens import create_token, revoke_token
from mcp_gateway.models import AccessToken

from .conftest import permissions
from .support.pages import LOG, text_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def called(count: int = 1, **fields: Any) -> list[InvocationEvent]:
    """Calls a second apart, the newest first."""
    given: dict[str, Any] = {"skill": "greeter", "method": "tools/call", "status": "success", **fields}
    events = [
        InvocationEvent(invoked_at=NOON + timedelta(seconds=second), duration_ms=1.25, **given)
        for second in range(count)
    ]
    get_store().write_batch(events)
    return events[::-1]


def content(answer: Any) -> str:
    """All of a file."""

    async def collected() -> bytes:
        return b"".join([part async for part in answer])

    assert answer.status_code == 200
    text: bytes = async_to_sync(collected)()
    return text.decode()


def table(answer: Any) -> list[dict[str, str]]:
    text = content(answer)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(answer).splitlines()]


FIELDS: dict[str, Any] = {
    "version": 3,
    "error_message": 'no "such", file\nat all',
    "request_params": '{"a":"你好"}',
    "session_id": "s",
    "client": "agent/1",
    "caller": "olga",
    "protocol_version": "2026-07-28",
    "trace_id": "t",
}


def test_table_has_everything_that_was_recorded(browser: Client) -> None:
    [event] = called(status="error", **FIELDS)
    answer = browser.get(f"{LOG}export.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table(answer) == [
        {
            "invoked_at": "2026-11-22T12:00:00.000000Z",
            "skill": "greeter",
            "method": "tools/call",
            "status": "error",
            "duration_ms": "1.25",
            "id": str(event.id),
            **{name: str(value) for name, value in FIELDS.items()},
        }
    ]


def test_lines_have_everything_that_was_recorded(browser: Client) -> None:
    [event] = called(status="error", **FIELDS)
    answer = browser.get(f"{LOG}export.jsonl")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert lines(answer) == [
        {
            "invoked_at": "2026-11-22T12:00:00Z",
            "skill": "greeter",
            "method": "tools/call",
            "status": "error",
            "duration_ms": 1.25,
            "id": str(event.id),
            **FIELDS,
        }
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])  # noqa: RUF001
def test_text_from_outside_is_no_formula(browser: Client, text: str) -> None:
    called(client=text, caller=f"a{text}")
    [row] = table(browser.get(f"{LOG}export.csv"))
    assert (row["client"], row["caller"]) == (f"'{text}", f"a{text}")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("query", [{}, {"method": "tools/call"}])
def test_file_of_many_pages_has_each_call_once(
    browser: Client, kind: str, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 4)
    monkeypatch.setattr("invocations.stores.orm_reading.SEARCH_MAX", 3)
    events = called(23)
    rows = {"csv": table, "jsonl": lines}[kind](browser.get(f"{LOG}export.{kind}", query))
    assert [row["id"] for row in rows] == [str(event.id) for event in events]


def test_file_without_calls_has_its_heading(browser: Client) -> None:
    assert table(browser.get(f"{LOG}export.csv")) == []
    assert content(browser.get(f"{LOG}export.jsonl")) == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [({"status": "error"}, 2), ({"skill": "other"}, 1), ({"since": "2026-11-22T12:00:01"}, 3), ({"skill": "no"}, 0)],
)
def test_file_has_what_the_filter_wants(browser: Client, query: dict[str, str], expected: int) -> None:
    called(3)
    called(2, status="error")
    called(1, skill="other")
    assert len(lines(browser.get(f"{LOG}export.jsonl", query))) == expected


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"since": "2026-11-22T12:00", "until": "2026-11-23T00:00:01+08:00"}, "20261122T120000Z-20261122T160001Z"),
        ({"until": "2026-11-22T12:00"}, "20261122T120000Z"),
    ],
)
def test_name_of_the_file_tells_the_time_it_covers(browser: Client, query: dict[str, str], name: str) -> None:
    answer = browser.get(f"{LOG}export.csv", query)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="calls-{name}.csv"'


def test_page_leads_to_the_file_with_its_filter(browser: Client) -> None:
    called(2)
    called(1, status="error")
    page = browser.get(LOG, {"status": "error"})
    assert f'href="{LOG}export.csv?status=error"' in page.text
    assert len(lines(browser.get(f"{LOG}export.jsonl?status=error"))) == 1


def test_file_that_cannot_be_made_is_answered_with_the_reason(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "valid date" in text_of(browser.get(f"{LOG}export.csv", {"since": "x"}))
    assert browser.get(f"{LOG}export.xlsx").status_code == 404

    def away(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(OrmStore, "calls", away)
    assert "The call log is not responding" in text_of(browser.get(f"{LOG}export.csv"))


@pytest.mark.parametrize(("held", "expected"), [(["view_skill"], 403), (["view_invocation"], 200)])
def test_file_is_for_those_who_may_see_the_log(client: Client, held: list[str], expected: int) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)
    assert client.get(f"{LOG}export.csv").status_code == expected


@pytest.mark.django_db(transaction=True)
async def test_slow_store_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    call = InvocationEvent("greeter", "tools/call", "success", NOON, 1.0)
    following = queries.Position(NOON, call.id)

    def slow(self: OrmStore, wanted: Any, position: Any, limit: int, **options: Any) -> queries.CallPage:
        if position is not None:
            assert asked.wait(10), "the event loop goes on"
        return queries.CallPage([call], None if position else following)

    monkeypatch.setattr(OrmStore, "calls", slow)
    answer = aiter(export.download("jsonl", queries.CallFilter(), lambda: True))
    await anext(answer)
    rest = asyncio.ensure_future(anext(answer))
    await asyncio.sleep(0)
    asked.set()
    assert (await rest).count(b"\n") == 1


def reader(client: Client) -> User:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions("view_invocation"))
    client.force_login(user)
    return user


def lose_right(user: User) -> None:
    user.user_permissions.clear()


def lose_account(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_token(user: User) -> None:
    revoke_token(AccessToken.objects.get(user=user))


@pytest.mark.parametrize(
    ("path", "lose"),
    [
        (LOG, lose_right),
        (LOG, lose_account),
        ("/api/v1/logs/", lose_right),
        ("/api/v1/logs/", lose_account),
        ("token /api/v1/logs/", lose_right),
        ("token /api/v1/logs/", lose_token),
    ],
)
def test_file_ends_where_its_reader_loses_the_right_to_the_log(
    client: Client, path: str, lose: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 4)
    called(23)
    user = reader(client)
    kind, _, address = path.rpartition(" ")
    if kind:
        client.logout()
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {create_token(user, 'tests')[1]}"
    answer: Any = client.get(f"{address}export.jsonl")
    assert answer.status_code == 200

    async def read() -> bytes:
        parts = aiter(answer)
        first: bytes = await anext(parts)
        await sync_to_async(lose)(user)
        with pytest.raises(PermissionDenied):
            await anext(parts)
        return first

    assert async_to_sync(read)().count(b"\n") == 4
