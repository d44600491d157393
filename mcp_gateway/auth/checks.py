"""System checks for authentication settings that cannot work or contradict each other."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from .fetching import is_trustworthy
from .issuer import ALGORITHMS

_ONLY_WITH_ISSUER = ("JWKS_URL", "AUDIENCE", "CLIENT_IDS", "SCOPE_PREFIX", "SKILLS_CLAIM", "TAGS_CLAIM")


@checks.register()
def check_issuer(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the issuer's settings are complete, use https, and name accepted algorithms."""
    messages: list[checks.CheckMessage] = []
    given = [f"MCP_JWT_{name}" for name in _ONLY_WITH_ISSUER if getattr(settings, f"MCP_JWT_{name}")]
    if given and not settings.MCP_JWT_ISSUER:
        messages.append(
            checks.Error(
                f"{', '.join(given)} without MCP_JWT_ISSUER: no token of an issuer is accepted.",
                hint="Set MCP_JWT_ISSUER to the issuer's iss, or leave the others out.",
                id="mcp_gateway.E010",
            )
        )
    urls = {name: [getattr(settings, name)] for name in ("MCP_JWT_ISSUER", "MCP_JWT_JWKS_URL")}
    urls["MCP_AUTHORIZATION_SERVERS"] = settings.MCP_AUTHORIZATION_SERVERS
    for name, values in urls.items():
        messages += [
            checks.Error(
                f"{name}={url!r} is not an https address.",
                hint="Write it like https://login.example.com; http is accepted for this machine only.",
                id="mcp_gateway.E011",
            )
            for url in values
            if url and not is_trustworthy(url)
        ]
    if unknown := sorted(set(settings.MCP_JWT_ALGORITHMS) - set(ALGORITHMS)):
        messages.append(
            checks.Error(
                f"MCP_JWT_ALGORITHMS has {', '.join(unknown)}, which is never accepted.",
                hint=f"Choose from: {', '.join(ALGORITHMS)}.",
                id="mcp_gateway.E012",
            )
        )
    return messages


@checks.register()
def check_authorization_servers(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that tokens from the advertised authorization servers are accepted."""
    if settings.MCP_AUTHORIZATION_SERVERS and not settings.MCP_JWT_ISSUER:
        return [
            checks.Warning(
                "MCP_AUTHORIZATION_SERVERS says where to get tokens, but without MCP_JWT_ISSUER none is accepted.",
                hint="Set MCP_JWT_ISSUER, or leave MCP_AUTHORIZATION_SERVERS empty.",
                id="mcp_gateway.W010",
            )
        ]
    return []


@checks.register(checks.Tags.security, deploy=True)
def check_exposure(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that a gateway reachable by others requires tokens and https."""
    if is_trustworthy(settings.PUBLIC_URL) and urlsplit(settings.PUBLIC_URL).scheme == "http":
        return []  # reachable from this machine only
    messages: list[checks.CheckMessage] = []
    if not settings.MCP_REQUIRE_AUTH:
        messages.append(
            checks.Warning(
                f"MCP_REQUIRE_AUTH is off: whoever reaches {settings.PUBLIC_URL}/mcp gets every published skill.",
                hint="Leave it on, unless everything published is public.",
                id="mcp_gateway.W011",
            )
        )
    if urlsplit(settings.PUBLIC_URL).scheme != "https":
        messages.append(
            checks.Warning(
                f"PUBLIC_URL={settings.PUBLIC_URL!r} is not https: tokens are sent unencrypted.",
                hint="Put a proxy with a certificate in front, and set PUBLIC_URL to its https address.",
                id="mcp_gateway.W012",
            )
        )
    return messages


@checks.register(checks.Tags.security, deploy=True)
def check_proxies(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that callers without a token can be told apart behind a proxy."""
    limited = settings.RATE_LIMIT_PER_MINUTE or settings.RATE_LIMIT_CONCURRENT
    behind = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    if limited and behind and not settings.TRUSTED_PROXY_COUNT and not settings.MCP_REQUIRE_AUTH:
        return [
            checks.Warning(
                "Callers without a token share one limit: all of them come from the address of the proxy.",
                hint="Set TRUSTED_PROXY_COUNT to the number of proxies that a request passes.",
                id="mcp_gateway.W013",
            )
        ]
    return []
