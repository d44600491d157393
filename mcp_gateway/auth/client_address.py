"""The client address of a request behind trusted proxies."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network

from mcp_gateway.cached_settings import settings

_WITH_PORT = re.compile(r"\[?(?P<address>[^\[\]]+?)\]?(?::\d+)?")
"""`192.0.2.1:4711` and `[2001:db8::1]:4711`, as some proxies write them."""
_NETWORK_BITS = 64
"""A subscriber usually has a whole /64 of IPv6 addresses, so it counts as one client."""


def caller_address(peer: str, forwarded_for: str) -> str:
    """Return the client's IPv4 address or IPv6 network, which limits are counted under.

    `forwarded_for` is the value of `X-Forwarded-For`, to which each proxy appends its peer. Only the last
    TRUSTED_PROXY_COUNT entries are trusted; the client can forge the others.
    """
    trusted = settings.TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()] if trusted else []
    forwarded = _address_or_network(hops[-min(trusted, len(hops))]) if hops else ""
    return forwarded or _address_or_network(peer) or peer


def _address_or_network(text: str) -> str:
    """Parse an address with or without port; "" if there is none."""
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
