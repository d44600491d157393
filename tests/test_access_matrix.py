"""Every route and method for every role, compared with the table in `access_matrix.txt`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.cookies import SimpleCookie
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from mcp_gateway.auth import create_token, revoke_token
from mcp_gateway.auth.identity import caller_cache
from mcpsite.asgi import application
from skills_registry.models import Skill

from .conftest import Gateway
from .support import access_samples, access_table
from .support.access_table import DENIED, ROLES, TABLE, TOKENS
from .support.browser_world import everything
from .support.patience import PATIENCE_SECONDS

WRITING = bool(os.environ.get("WRITE_ACCESS_MATRIX"))
UNWATCHED = ('"django_session"', 'UPDATE "mcp_gateway_accesstoken" SET "last_used_at"')
"""What requests write that change nothing anybody would call a change."""
MINUTE = timedelta(minutes=1)


def made_world() -> dict[str, Any]:
    """Something of each kind, and somebody of each role."""
    import_module("mcpsite.migrations.0001_roles").make_roles(apps, None)
    made = everything()
    users = {user.username: user for user in User.objects.all()}
    users["superuser"] = users["admin"]
    for name in ("outsider", "staff", "clerk", "inactive"):
        users[name] = User.objects.create_user(f"the-{name}", is_staff=name != "outsider", is_active=name != "inactive")
    users["clerk"].user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    return made | {
        "users": users,
        "call:quoted": quote(made["call"]),
        "superuser": users["superuser"].pk,
        "nobody": User.objects.create_user("nobody").pk,
        "empty": Group.objects.create(name="empty").pk,
        "skills": ContentType.objects.get_for_model(Skill).pk,
        "skill:spaced": f"%20{made['skill']}",  # a way around the routes that take numbers alone
    }


def token_of(role: str, users: dict[str, User]) -> str:
    """The text of the role's token."""
    kind = role.partition(":")[2]
    options: dict[str, Any] = {
        "read": {"scopes": ["skills:read"]},
        "write": {"scopes": ["skills:write"]},
        "named": {"skills": ["greeter"]},
        "tagged": {"tags": ["hello"]},
        "elsewhere": {"skills": ["stopped"]},
    }.get(kind, {})
    token, text = create_token(users.get(kind, users["superuser"]), role, **options)
    if kind == "revoked":
        revoke_token(token)
    if kind == "expired":
        type(token).objects.filter(pk=token.pk).update(expires_at=timezone.now() - MINUTE)
    return text


class Visitor:
    """Somebody of a role, who begins each request anew and leaves no trace."""

    def __init__(self, role: str, made: dict[str, Any], store: Path) -> None:
        users = made["users"]
        self.store, self.stored = store, files(store)
        self.contents = {path: path.read_bytes() for path in self.stored}
        self.client = Client()
        if role in TOKENS:
            self.client = Client(headers={"authorization": f"Bearer {token_of(role, users)}"})
        elif role != "anonymous":
            self.client.force_login(users[role])
        self.cookies = self.client.cookies.output(header="")
        self.made = made | {"me": users[role].pk if role in users else users["superuser"].pk}

    def ask(self, request: access_samples.Request) -> tuple[str, bool]:
        """What comes of the request, and whether it wrote anything; everything is then as it was."""
        self.client.cookies = SimpleCookie(self.cookies.replace("\r\n", ";"))
        with undone() as written:
            answer = self.client.generic(request.method, request.address, *request.body)
        check_privacy(request, answer)
        stored = self.put_back()
        return outcome(answer, bool(written)), bool(written) or stored

    def put_back(self) -> bool:
        """Whether the request changed the package store, which is then as it was."""
        now = files(self.store)
        if now == self.stored:
            return False
        for path in now.keys() - self.stored.keys():
            path.unlink()
        for path in self.stored.keys() - now.keys():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.contents[path])
        self.stored = files(self.store)
        return True


def files(folder: Path) -> dict[Path, int]:
    """What is below a folder, and when it was written."""
    found = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return {path: path.stat().st_mtime_ns for path in found}


@contextmanager
def undone() -> Iterator[list[str]]:
    """Collects the statements that change rows, and takes them back."""
    written: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and not any(part in sql for part in UNWATCHED):
            written.append(sql)
        return execute(sql, *rest)

    with transaction.atomic(), connection.execute_wrapper(watch):
        yield written
        transaction.set_rollback(True)


def outcome(answer: Any, written: bool) -> str:
    """The word of the table for an answer."""
    if answer.status_code in (301, 302) and answer.headers["location"].startswith("/admin/login/"):
        return "login"
    if str(answer.status_code) in DENIED:
        return str(answer.status_code)
    assert answer.status_code < 500
    return "write" if written else "read"


def check_privacy(request: access_samples.Request, answer: Any) -> None:
    """Nobody but who asked may keep what the API and the admin say."""
    if request.route.startswith(("api/", "admin/")):
        rules = {rule.strip() for rule in answer.headers["cache-control"].split(",")}
        assert "private" in rules, request
        assert "no-store" in rules or ("no-cache" in rules and "etag" in answer.headers), request
        assert {"Authorization", "Cookie"} <= {name.strip() for name in answer.headers["vary"].split(",")}, request


def check(role: str, found: dict[tuple[str, str], str]) -> None:
    """Compare with the table, or put it there in place of what it said."""
    rooms = {room_of(route) for route, _ in found}
    table = access_table.read(TABLE.read_text()) if TABLE.exists() else {}
    if WRITING:
        table = {key: row for key, row in table.items() if key in found or room_of(key[0]) not in rooms}
        for key, result in found.items():
            table.setdefault(key, {})[role] = result
        TABLE.write_text(access_table.text_of(table))
    expected = {key: row.get(role) for key, row in table.items() if room_of(key[0]) in rooms}
    assert found == expected


def room_of(route: str) -> str:
    """Which of the tests below asks for a route."""
    return route.partition("/")[0] if route.startswith(("mcp", "static")) else "django"


@pytest.fixture
def few_layers(settings: Any) -> None:
    """Without the middleware of static files, which is asynchronous and makes each request three times as long."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic.")]


@pytest.fixture(autouse=True)
def few_words(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of refusals need no line each."""
    caplog.set_level(logging.ERROR, "django.request")


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_what_the_table_says_and_the_rest_changes_nothing(
    role: str, store: Path, few_layers: None
) -> None:
    visitor = Visitor(role, made_world(), store)
    found = {}
    for request in access_samples.requests(visitor.made):
        found[request.key], written = visitor.ask(request)
        assert not (written and found[request.key] in DENIED), request
    check(role, found)


@pytest.mark.django_db
def test_samples_lead_to_the_routes_that_they_are_for() -> None:
    for request in access_samples.requests(made_world() | {"me": 1}):
        assert access_samples.plain(resolve(request.address.partition("?")[0]).route) == request.route


@pytest.mark.django_db
def test_static_files_are_as_the_table_says(settings: Any, store: Path) -> None:
    probe = Path(settings.STATIC_ROOT) / "probe.txt"
    probe.write_text("for everybody")
    made = made_world()
    for role in ROLES:
        visitor = Visitor(role, made, store)
        check(role, {request.key: visitor.ask(request)[0] for request in access_samples.outside("static")})


async def test_gateway_is_as_the_table_says(gateway: Gateway, settings: Any) -> None:
    settings.MCP_REQUIRE_AUTH = True
    caller_cache.clear()
    made = await sync_to_async(made_world)()
    for role in ROLES:
        headers = await sync_to_async(headers_of)(role, made["users"])
        check(role, {request.key: await answered(request, headers) for request in access_samples.outside("mcp")})


def headers_of(role: str, users: dict[str, User]) -> list[tuple[bytes, bytes]]:
    """What somebody of the role shows: a token, or the cookie of a session."""
    if role in TOKENS:
        return [(b"authorization", f"Bearer {token_of(role, users)}".encode())]
    client = Client()
    if role != "anonymous":
        client.force_login(users[role])
    return [(b"cookie", f"{name}={morsel.value}".encode()) for name, morsel in client.cookies.items()]


async def answered(request: access_samples.Request, headers: list[tuple[bytes, bytes]]) -> str:
    """The word of the table for what the application answers; a stream is left as soon as it has begun."""
    status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    messages = iter([{"type": "http.request", "body": request.body.content}])
    usual = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"accept", b"application/json")]
    scope = {
        "type": "http", "method": request.method, "path": request.address, "query_string": b"",
        "headers": [*usual, (b"accept", b"text/event-stream"), *headers],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        try:
            return next(messages)
        except StopIteration:
            await status
            return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.set_result(message["status"])

    await asyncio.wait_for(application(scope, receive, send), timeout=PATIENCE_SECONDS)
    code = status.result()
    assert code < 400 or str(code) in DENIED
    return str(code) if code >= 400 else "read"


def test_table_is_written_as_the_command_writes_it() -> None:
    text = TABLE.read_text()
    assert access_table.text_of(access_table.read(text)) == text
