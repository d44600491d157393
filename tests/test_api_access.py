"""Who may do what through the API, and what the others are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from mcp_gateway.auth import create_token, revoke_token
from mcp_gateway.models import AccessToken
from skills_registry.models import AuditEvent, Publication, SkillVersion

from .conftest import live, permissions, publish
from .support.api import Api
from .support.packages import skill_md, zip_of

pytestmark = pytest.mark.django_db

PERMISSIONS = ["view_skill", "upload_skill", "publish_skill", "administer_skill", "view_invocation"]
V1 = "skills/greeter/versions/1"
CHANGES = {"changes": {"a.md": "a"}, "expected_latest": 2}
ACTIONS: dict[str, tuple[str, Callable[[Api], Any]]] = {
    "list": ("view_skill", lambda api: api.get("skills/")),
    "retrieve": ("view_skill", lambda api: api.get("skills/greeter/")),
    "versions": ("view_skill", lambda api: api.get("skills/greeter/versions/")),
    "version": ("view_skill", lambda api: api.get("skills/greeter/versions/1/")),
    "publications": ("view_skill", lambda api: api.get("skills/greeter/publications/")),
    "upload": ("upload_skill", lambda api: api.upload(zip_of({"SKILL.md": skill_md(body="new")}))),
    "validate": ("upload_skill", lambda api: api.upload(zip_of({"SKILL.md": skill_md()}), "skills/validate/")),
    "publish": ("publish_skill", lambda api: api.post("skills/greeter/publish/", version=1)),
    "rollback": ("publish_skill", lambda api: api.post("skills/greeter/rollback/")),
    "deactivate": ("publish_skill", lambda api: api.post("skills/greeter/deactivate/")),
    "skill logs": ("view_invocation", lambda api: api.get("skills/greeter/logs/")),
    "logs": ("view_invocation", lambda api: api.get("logs/")),
    "skill usage": ("view_invocation", lambda api: api.get("skills/greeter/usage/")),
    "usage": ("view_invocation", lambda api: api.get("usage/")),
    "skill log file": ("view_invocation", lambda api: api.get("skills/greeter/logs/export.csv")),
    "log file": ("view_invocation", lambda api: api.get("logs/export.jsonl")),
    "tags": ("publish_skill", lambda api: api.put("skills/greeter/tags/", tags=["fun"])),
    "owner": ("administer_skill", lambda api: api.put("skills/greeter/owner/", owner=None)),
    "delete": ("administer_skill", lambda api: api.post("skills/greeter/delete/", deactivate=True)),
    "audit of a skill": ("view_skill", lambda api: api.get("skills/greeter/audit/")),
    "audit": ("administer_skill", lambda api: api.get("audit/")),
    "download": ("view_skill", lambda api: api.get(f"{V1}/download/")),
    "edit": ("upload_skill", lambda api: api.post(f"{V1}/edit/", CHANGES)),
    "yank": ("publish_skill", lambda api: api.post(f"{V1}/yank/")),
    "request review": ("upload_skill", lambda api: api.post(f"{V1}/request-review/")),
    "approve": ("publish_skill", lambda api: api.post(f"{V1}/approve/")),
    "send back": ("publish_skill", lambda api: api.post(f"{V1}/send-back/", comment="no")),
    "reviews of a version": ("view_skill", lambda api: api.get(f"{V1}/reviews/")),
    "reviews": ("view_skill", lambda api: api.get("reviews/")),
}


@pytest.fixture(autouse=True)
def two_versions(db: None) -> None:
    publish(body="one")
    publish(body="two")


def somebody(*codenames: str) -> User:
    user = User.objects.create_user("sam", password="sams-password")
    user.user_permissions.set(permissions(*codenames))
    return user


def token_of(user: User, **fields: Any) -> str:
    _, text = create_token(user, "tests", **fields)
    return text


def state() -> tuple[str | None, int, int, int]:
    done = AuditEvent.objects.filter(skill__isnull=False)
    return live(), SkillVersion.objects.count(), Publication.objects.count(), done.count()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("held", PERMISSIONS)
def test_each_action_needs_its_permission_and_no_other(action: str, held: str) -> None:
    needed, call = ACTIONS[action]
    before = state()

    answer = call(Api(somebody(held)))
    if held == needed:
        assert answer.status_code in (200, 201)
    else:
        assert answer.status_code == 403
        assert answer.json()["detail"]
        assert state() == before


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_does_anything_without_a_token(action: str) -> None:
    _, call = ACTIONS[action]
    api = Api(somebody(*PERMISSIONS))
    api.client = Client()
    before = state()

    answer = call(api)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/json"
    assert state() == before


def expired(user: User) -> str:
    return f"Bearer {token_of(user, expires_at=timezone.now() - timedelta(seconds=1))}"


def revoked(user: User) -> str:
    token, text = create_token(user, "tests")
    revoke_token(token)
    return f"Bearer {text}"


def of_an_inactive_user(user: User) -> str:
    text = token_of(user)
    user.is_active = False
    user.save()
    return f"Bearer {text}"


def of_nobody(user: User) -> str:
    text = token_of(user)
    AccessToken.objects.all().delete()
    return f"Bearer {text}"


@pytest.mark.parametrize(
    "authorization",
    [
        expired,
        revoked,
        of_an_inactive_user,
        of_nobody,
        lambda user: f"Bearer {token_of(user)[:-1]}",
        lambda user: f"Bearer {token_of(user)}x",
        lambda user: f"Bearer {token_of(user)} {token_of(user)}",
        lambda user: f"Bearer {create_token(user, 'tests')[0].hash}",
        lambda user: f"Bearer {create_token(user, 'tests')[0].prefix}",
        lambda user: "Bearer",
        lambda user: "Bearer \xff",
        lambda user: "Basic c2FtOnNhbXMtcGFzc3dvcmQ=",
        token_of,
        lambda user: f"Token {token_of(user)}",
    ],
)
def test_token_that_opens_nothing_is_401(authorization: Callable[[User], str]) -> None:
    text = authorization(somebody(*PERMISSIONS))

    answer = Client().get("/api/v1/skills/", headers={"authorization": text})
    challenge = 'Bearer error="invalid_token"' if text.startswith("Bearer") else "Bearer"
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json()["detail"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_name_of_the_scheme_is_read_in_any_case(scheme: str) -> None:
    authorization = f"{scheme} {token_of(somebody('view_skill'))}"
    assert Client().get("/api/v1/skills/", headers={"authorization": authorization}).status_code == 200


def test_wrong_token_is_not_made_good_by_a_session() -> None:
    client = Client(headers={"authorization": "Bearer wrong"})
    client.force_login(somebody("view_skill"))
    assert client.get("/api/v1/skills/").status_code == 401


def test_right_that_was_taken_away_is_gone_at_the_next_request() -> None:
    user = somebody("view_skill")
    api = Api(user)
    assert api.get("skills/").status_code == 200

    user.user_permissions.clear()
    assert api.get("skills/").status_code == 403


def test_session_reads_without_a_token() -> None:
    client = Client()
    client.force_login(somebody("view_skill"))
    assert client.get("/api/v1/skills/").status_code == 200


@pytest.mark.parametrize(
    "path", ["skills/greeter/deactivate/", "skills/greeter/rollback/", "skills/", "skills/validate/"]
)
def test_session_changes_nothing_without_its_csrf_token(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(somebody(*PERMISSIONS))
    before = state()

    answer = client.post(f"/api/v1/{path}", {"file": SimpleUploadedFile("a.zip", b"x")})
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("CSRF Failed")
    assert state() == before


def test_session_with_its_csrf_token_does_what_its_user_may() -> None:
    somebody(*PERMISSIONS)
    User.objects.update(is_staff=True)
    client = Client(enforce_csrf_checks=True)
    login = client.get("/admin/login/")
    form = {"username": "sam", "password": "sams-password", "csrfmiddlewaretoken": login.cookies["csrftoken"].value}
    assert client.post("/admin/login/", form).status_code == 302

    token = client.cookies["csrftoken"].value
    assert client.post("/api/v1/skills/greeter/deactivate/", headers={"x-csrftoken": token}).status_code == 200
    assert live() is None


def test_token_needs_no_csrf_token() -> None:
    client = Client(
        enforce_csrf_checks=True, headers={"authorization": f"Bearer {token_of(somebody('publish_skill'))}"}
    )
    assert client.post("/api/v1/skills/greeter/deactivate/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "skills/", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "skills/greeter/", "GET, HEAD, OPTIONS"),
        ("PATCH", "skills/greeter/versions/1/", "GET, DELETE, HEAD, OPTIONS"),
        ("GET", "skills/greeter/publish/", "POST, OPTIONS"),
        ("PUT", "skills/validate/", "GET, POST, HEAD, OPTIONS"),
        ("POST", "logs/", "GET, HEAD, OPTIONS"),
        ("BREW", "skills/", "GET, POST, HEAD, OPTIONS"),
    ],
)
def test_method_that_a_path_does_not_have_is_405_and_says_which_it_has(method: str, path: str, allowed: str) -> None:
    answer = Api(somebody()).client.generic(method, f"/api/v1/{path}")

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json() == {"detail": f'Method "{method}" not allowed.'}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("skills/", "GET, POST, HEAD, OPTIONS"),
        ("skills/greeter/", "GET, HEAD, OPTIONS"),
        ("skills/greeter/publish/", "POST, OPTIONS"),
        ("skills/greeter/versions/", "GET, HEAD, OPTIONS"),
        ("skills/validate/", "GET, POST, HEAD, OPTIONS"),
        ("logs/", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_say_what_a_path_can_do(path: str, allowed: str) -> None:
    answer = Api(somebody()).client.options(f"/api/v1/{path}")

    assert (answer.status_code, answer.headers["allow"]) == (200, allowed)
    assert answer.json()["description"]
    assert answer.json()["parses"] == ["application/json", "multipart/form-data"]


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
def test_nobody_is_told_even_that_without_a_token(method: str) -> None:
    assert Client().generic(method, "/api/v1/skills/").status_code == 401


@pytest.mark.parametrize("path", ["skills/", "skills/greeter/", "skills/greeter/versions/1/", "logs/"])
def test_head_is_get_without_its_body(path: str) -> None:
    client = Api(somebody(*PERMISSIONS)).client
    get, head = client.get(f"/api/v1/{path}"), client.head(f"/api/v1/{path}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))


def test_mistake_of_ours_is_500_in_json_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    client = Api(somebody("view_skill")).client
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE invocations_skillcounter RENAME TO gone")

    answer = client.get("/api/v1/skills/")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert "skillcounter" not in answer.text
    assert "invocations_skillcounter" in caplog.text


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/skills/", "application/json"), ("/admin/", "text/html")])
def test_request_for_a_host_that_is_not_served_is_400_in_json_below_api_only(path: str, kind: str) -> None:
    answer = Client(headers={"host": "evil.example"}).get(path)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (400, kind)


@pytest.mark.parametrize(("path", "kind"), [("/api/v2/", "application/json"), ("/nothing/", "text/html")])
def test_path_that_is_not_there_is_404_in_json_below_api_only(path: str, kind: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, kind)


def test_upload_to_publish_needs_both_rights() -> None:
    content = zip_of({"SKILL.md": skill_md(body="new")})
    user = somebody("upload_skill")
    assert Api(user).upload(content, publish="true").status_code == 403
    assert state() == ("v2", 2, 2, 4)

    user.user_permissions.set(permissions("upload_skill", "publish_skill"))
    assert Api(user).upload(content, publish="true").status_code == 201
    assert state() == ("v3", 3, 3, 6)


def test_uploads_of_the_same_bytes_need_no_right_to_see_them() -> None:
    content = zip_of({"SKILL.md": skill_md(body="two")})
    assert Api(somebody("upload_skill")).upload(content).json()["created"] is False
