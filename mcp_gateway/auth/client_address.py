"""The address that a request comes from, through as many proxies as are trusted."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network

from mcp_gateway.cached_settings import settings

_WITH_PORT = re.compile(r"\[?(?P<address>[^\[\]]+?)\]?(?::\d+)?")
"""`192.0.2.1:4711` and `[2001:db8::1]:4711`, as some proxies write them."""
_NETWORK_BITS = 64
"""One subscriber has at least as many IPv6 addresses, so they count as one."""


def caller_address(peer: str, forwarded_for: str) -> str:
    """Whom to count a request for: an IPv4 address, or an IPv6 network.

    `forwarded_for` is the value of `X-Forwarded-For`, to which each proxy adds whom it was asked by. Only
    what the last TRUSTED_PROXY_COUNT of them added is believed; what is before may be the caller's invention.
    """
    trusted = settings.TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()] if trusted else []
    told = _counted(hops[-min(trusted, len(hops))]) if hops else ""
    return told or _counted(peer) or peer


def _counted(text: str) -> str:
    """The address in a text, "" where there is none."""
    match = _WITH_PORT.fullmatch(text)
    for candidate in (text, match["address"] if match else ""):
        try:
            found = ip_address(candidate)
        except ValueError:
            continue
        if isinstance(found, IPv6Address):
            return str(found.ipv4_mapped or ip_network((found, _NETWORK_BITS), strict=False))
        return str(found)
    return ""
