"""An issuer's public keys: fetched on first use, cached, and fetched again when they rotate."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import jwt

from invocations.resilience import deadline
from invocations.resilience.thread_pool import Busy, Pool

from .fetching import FetchFailed, fetch_object

log = logging.getLogger(__name__)

RENEW_SECONDS = 3600.0
"""Keys are fetched again after this long, to notice withdrawn keys."""
KEEP_SECONDS = 24 * 3600.0
"""How long keys are trusted while the issuer does not answer."""
RETRY_SECONDS = 10.0
"""Minimum time between two fetches, however many tokens name unknown keys."""
KEYS_MAX = 100
FETCH_SECONDS = 15.0
"""Time limit for a fetch, including the metadata."""

# A separate pool, so that a hanging issuer blocks nothing else.
_fetch_pool = Pool("issuer-keys", threads=2, waiting=16)


class UnknownKey(Exception):
    """The issuer has no such key."""


class KeysUnavailable(Exception):
    """The issuer's keys could not be fetched."""


class KeySet:
    """The keys of one issuer. Must be used on one event loop."""

    def __init__(self, issuer: str, jwks_url: str = "") -> None:
        """Without `jwks_url`, the URL comes from the issuer's metadata."""
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._keys: list[dict[str, Any]] = []
        self._fetched_at = self._tried_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """Return the key with this id; without id, the only key. Raises UnknownKey and KeysUnavailable."""
        now = time.monotonic()
        if now - self._fetched_at > KEEP_SECONDS:
            self._keys = []
        key = self._find_cached(kid, algorithm)
        if key is not None:
            if now - self._fetched_at > RENEW_SECONDS:
                self._renew()
            return key
        if (task := self._renew()) is not None:
            await asyncio.shield(task)
            key = self._find_cached(kid, algorithm)
        if key is not None:
            return key
        if self._fetched_at < self._tried_at:
            raise KeysUnavailable
        raise UnknownKey

    def _find_cached(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        named = [key for key in self._keys if kid is None or key.get("kid") == kid]
        fitting = [key for key in named if key.get("alg", algorithm) == algorithm]
        if len(fitting) != 1:
            return None
        try:
            return jwt.PyJWK(fitting[0], algorithm)
        except jwt.PyJWTError:
            return None  # the key type does not fit the algorithm

    def _renew(self) -> asyncio.Task[None] | None:
        """Return the fetch in progress, or start one; None if the last one was less than RETRY_SECONDS ago."""
        if self._task is None or self._task.done():
            if time.monotonic() - self._tried_at < RETRY_SECONDS:
                return None
            self._tried_at = time.monotonic()
            self._task = asyncio.create_task(self._fetch())
        return self._task

    async def _fetch(self) -> None:
        try:
            with deadline.override(FETCH_SECONDS):
                self._keys = await _fetch_pool.run(self._fetch_keys)
            self._fetched_at = time.monotonic()
        except (FetchFailed, TimeoutError, Busy) as error:
            log.warning("could not fetch the keys of %s: %r", self._issuer, error)

    def _fetch_keys(self) -> list[dict[str, Any]]:
        url = self._jwks_url or _discover(self._issuer)
        keys = fetch_object(url).get("keys")
        if not isinstance(keys, list):
            raise FetchFailed(f"{url} has no list of keys")
        return [key for key in keys[:KEYS_MAX] if _is_usable(key)]


def _discover(issuer: str) -> str:
    """Return the JWKS URL from the issuer's metadata (OpenID Connect Discovery, RFC 8414). Raises FetchFailed."""
    parts = urlsplit(issuer)
    addresses = [
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}",
    ]
    problems = []
    for address in addresses:
        try:
            metadata = fetch_object(address)
        except FetchFailed as error:
            problems.append(str(error))
            continue
        if metadata.get("issuer") != issuer:
            problems.append(f"{address} names another issuer")
        elif isinstance(metadata.get("jwks_uri"), str):
            return str(metadata["jwks_uri"])
        else:
            problems.append(f"{address} has no jwks_uri")
    raise FetchFailed("; ".join(problems))


def _is_usable(key: Any) -> bool:
    """Return whether a JWK is a public signature key (never a shared secret)."""
    if not isinstance(key, dict) or key.get("kty") not in ("RSA", "EC", "OKP") or key.get("use", "sig") != "sig":
        return False
    try:
        jwt.PyJWK(key)
    except jwt.PyJWTError:
        return False
    return True
