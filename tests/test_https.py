"""With an https PUBLIC_URL nothing but health is answered over plain http, and no token is taken there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from mcpsite.asgi import application

from .conftest import Gateway
from .support.gateway_asking import request
from .support.server import manage

pytest_plugins = ["tests.support.gateway_wire"]

HSTS = "max-age=31536000; includeSubDomains; preload"
LIST = request("tools/list")


@pytest.fixture
def https(settings: Any) -> Any:
    """The settings that an https PUBLIC_URL leads to."""
    settings.PUBLIC_URL = "https://localhost"
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    return settings


async def ask(scheme: str, method: str = "POST", path: str = "/mcp", **headers: str) -> httpx.Response:
    given = {
        "accept": "application/json, text/event-stream", "authorization": "Bearer skk_secret",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application)) as client:
        return await client.request(method, f"{scheme}://localhost{path}", json=LIST, headers=given)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_gateway_refuses_plain_http_before_it_looks_at_the_token(
    wire: Gateway, https: Any, method: str, path: str
) -> None:
    answer = await ask("http", method, path, origin="https://localhost", access_control_request_method="POST")
    assert answer.status_code == 403
    assert "location" not in answer.headers
    assert "strict-transport-security" not in answer.headers
    if method != "HEAD":
        error = answer.json()["error"]
        assert error["message"] == f"Only https is served here: use https://localhost{path}"


async def test_gateway_answers_over_https_and_says_to_stay(wire: Gateway, https: Any) -> None:
    answer = await ask("https", authorization="")
    assert (answer.status_code, answer.headers["strict-transport-security"]) == (200, HSTS)


@pytest.mark.parametrize(
    ("told", "secure"),
    [("https", True), ("https, http", True), (" https", True), ("http", False), ("http, https", False), ("", False)],
)
async def test_trusted_proxy_says_how_it_was_asked(wire: Gateway, https: Any, told: str, secure: bool) -> None:
    https.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    answer = await ask("http", x_forwarded_proto=told)
    assert (answer.status_code != 403) is secure
    assert ("strict-transport-security" in answer.headers) is secure


async def test_other_proxies_are_not_believed(wire: Gateway, https: Any) -> None:
    assert (await ask("http", x_forwarded_proto="https")).status_code == 403


async def test_plain_http_stays_as_it_was_where_public_url_has_no_https(wire: Gateway) -> None:
    answer = await ask("http", authorization="")
    assert answer.status_code != 403
    assert "strict-transport-security" not in (await ask("https")).headers


WELL_KNOWN = "/.well-known/oauth-protected-resource/mcp"


@pytest.mark.parametrize("path", [WELL_KNOWN, "/.well-known/oauth-protected-resource", "/admin/", "/api/v1/skills/"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_is_read_is_redirected(https: Any, client: Client, path: str, method: str) -> None:
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://testserver{path}")


@pytest.mark.parametrize("path", ["/api/v1/skills/", "/admin/login/", WELL_KNOWN])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_what_is_sent_is_refused_and_not_redirected(https: Any, client: Client, path: str, method: str) -> None:
    answer = client.generic(method, path)
    assert (answer.status_code, answer.json()["detail"]) == (
        403, f"Only https is served here: use https://localhost{path}"
    )  # fmt: skip


def test_tokens_are_refused_also_where_something_is_read(https: Any, client: Client) -> None:
    answer = client.get("/api/v1/skills/", headers={"authorization": "Bearer skk_secret"})
    assert (answer.status_code, "location" in answer.headers) == (403, False)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_answered_over_plain_http(https: Any, client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_settings_follow_public_url(tmp_path: Path) -> None:
    code = "from django.conf import settings as s; print(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS)"
    for url, expected in (("https://skills.example.com", "True 31536000"), ("http://localhost:8000", "False 0")):
        ran = manage(tmp_path, "shell", "-v0", "-c", code, PUBLIC_URL=url)
        assert ran.stdout.strip() == expected
