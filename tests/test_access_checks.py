"""Settings of who may call that cannot work or contradict each other are said at the start."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks


def found(id: str, *, deploy: bool = False) -> list[CheckMessage]:  # noqa: A002  # Django's name for it
    return [message for message in run_checks(include_deployment_checks=deploy) if message.id == id]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCP_JWT_JWKS_URL", "https://login.example.com/keys"),
        ("MCP_JWT_AUDIENCE", ["skills"]),
        ("MCP_JWT_CLIENT_IDS", ["7a1b"]),
        ("MCP_JWT_SCOPE_PREFIX", "skillkeeper/"),
        ("MCP_JWT_TAGS_CLAIM", "groups"),
    ],
)
def test_settings_of_an_issuer_without_the_issuer_are_an_error(settings: Any, name: str, value: Any) -> None:
    setattr(settings, name, value)
    (message,) = found("mcp_gateway.E010")
    assert name in message.msg
    assert message.is_serious()

    settings.MCP_JWT_ISSUER = "https://login.example.com"
    assert found("mcp_gateway.E010") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCP_JWT_ISSUER", "http://login.example.com"),
        ("MCP_JWT_ISSUER", "login.example.com"),
        ("MCP_JWT_JWKS_URL", "file:///etc/keys"),
        ("MCP_AUTHORIZATION_SERVERS", ["https://login.example.com", "http://login.example.com"]),
    ],
)
def test_address_that_is_not_https_is_an_error(settings: Any, name: str, value: Any) -> None:
    setattr(settings, name, value)
    (message,) = found("mcp_gateway.E011")
    assert name in message.msg
    assert message.hint


@pytest.mark.parametrize("issuer", ["https://login.example.com/realm", "http://127.0.0.1:8080/realm"])
def test_issuer_over_https_or_on_this_machine_is_fine(settings: Any, issuer: str) -> None:
    settings.MCP_JWT_ISSUER = issuer
    settings.MCP_AUTHORIZATION_SERVERS = [issuer]
    assert run_checks() == []


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS1"])
def test_algorithm_that_proves_nothing_is_an_error(settings: Any, algorithm: str) -> None:
    settings.MCP_JWT_ALGORITHMS = ["RS256", algorithm]
    (message,) = found("mcp_gateway.E012")
    assert algorithm in message.msg
    assert "ES256" in (message.hint or "")


def test_server_whose_tokens_are_not_accepted_is_warned_of(settings: Any) -> None:
    settings.MCP_AUTHORIZATION_SERVERS = ["https://login.example.com"]
    (message,) = found("mcp_gateway.W010")
    assert "MCP_JWT_ISSUER" in message.msg

    settings.MCP_JWT_ISSUER = "https://login.example.com"
    assert found("mcp_gateway.W010") == []


@pytest.mark.parametrize(
    ("url", "asks", "warned"),
    [
        ("http://127.0.0.1:8000", False, set()),
        ("http://localhost:8000", True, set()),
        ("https://skills.example.com", True, set()),
        ("https://skills.example.com", False, {"mcp_gateway.W011"}),
        ("http://skills.lan:8000", True, {"mcp_gateway.W012"}),
        ("http://skills.lan:8000", False, {"mcp_gateway.W011", "mcp_gateway.W012"}),
    ],
)
def test_gateway_that_others_reach_should_ask_who_they_are(
    settings: Any, url: str, asks: bool, warned: set[str]
) -> None:
    settings.PUBLIC_URL, settings.MCP_REQUIRE_AUTH = url, asks

    messages = run_checks(include_deployment_checks=True)

    assert {message.id for message in messages} & {"mcp_gateway.W011", "mcp_gateway.W012"} == warned
    assert not {"mcp_gateway.W011", "mcp_gateway.W012"} & {message.id for message in run_checks()}


@pytest.mark.parametrize("limit", ["RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_CONCURRENT"])
def test_limit_that_all_callers_behind_a_proxy_would_share_is_warned_of(settings: Any, limit: str) -> None:
    setattr(settings, limit, 10)
    assert found("mcp_gateway.W013", deploy=True) == []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert len(found("mcp_gateway.W013", deploy=True)) == 1
    settings.TRUSTED_PROXY_COUNT = 1
    assert found("mcp_gateway.W013", deploy=True) == []
