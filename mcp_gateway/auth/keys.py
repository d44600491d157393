"""The public keys of an issuer: fetched when first needed, kept, and fetched anew when they rotate."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import jwt

from invocations.resilience import deadline
from invocations.resilience.thread_pool import Busy, Pool

from .fetching import NotFetched, fetch_object

log = logging.getLogger(__name__)

RENEW_SECONDS = 3600.0
"""After this long the keys are fetched anew, though none is missing: so that withdrawn ones are noticed."""
KEEP_SECONDS = 24 * 3600.0
"""How long keys are believed while the issuer cannot be asked."""
RETRY_SECONDS = 10.0
"""The least time between two fetches, however many tokens name keys that nobody knows."""
KEYS_MAX = 100
FETCH_SECONDS = 15.0
"""How long a fetch may take, all its documents together."""

# Threads of their own, so that an issuer that hangs stops nothing but this.
_fetching = Pool("issuer-keys", threads=2, waiting=16)


class UnknownKey(Exception):
    """The issuer has no such key."""


class KeysUnavailable(Exception):
    """The issuer cannot be asked for its keys."""


class KeySet:
    """The keys of one issuer; belongs to one event loop."""

    def __init__(self, issuer: str, jwks_url: str = "") -> None:
        """`jwks_url`: where the keys are; without it, the issuer's own metadata say so."""
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._keys: list[dict[str, Any]] = []
        self._fetched_at = self._tried_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """The key that a token names; where it names none, the only one. Raises UnknownKey, KeysUnavailable."""
        now = time.monotonic()
        if now - self._fetched_at > KEEP_SECONDS:
            self._keys = []
        key = self._known(kid, algorithm)
        if key is not None:
            if now - self._fetched_at > RENEW_SECONDS:
                self._renew()
            return key
        if (task := self._renew()) is not None:
            await asyncio.shield(task)
            key = self._known(kid, algorithm)
        if key is not None:
            return key
        if self._fetched_at < self._tried_at:
            raise KeysUnavailable
        raise UnknownKey

    def _known(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        named = [key for key in self._keys if kid is None or key.get("kid") == kid]
        fitting = [key for key in named if key.get("alg", algorithm) == algorithm]
        if len(fitting) != 1:
            return None
        try:
            return jwt.PyJWK(fitting[0], algorithm)
        except jwt.PyJWTError:
            return None  # a key of another kind than the algorithm's

    def _renew(self) -> asyncio.Task[None] | None:
        """The fetch under way, begun now if there may be one."""
        if self._task is None or self._task.done():
            if time.monotonic() - self._tried_at < RETRY_SECONDS:
                return None
            self._tried_at = time.monotonic()
            self._task = asyncio.create_task(self._fetch())
        return self._task

    async def _fetch(self) -> None:
        try:
            with deadline.override(FETCH_SECONDS):
                self._keys = await _fetching.run(self._newest)
            self._fetched_at = time.monotonic()
        except (NotFetched, TimeoutError, Busy) as error:
            log.warning("the keys of %s could not be fetched: %r", self._issuer, error)

    def _newest(self) -> list[dict[str, Any]]:
        url = self._jwks_url or _discover(self._issuer)
        keys = fetch_object(url).get("keys")
        if not isinstance(keys, list):
            raise NotFetched(f"{url} has no list of keys")
        return [key for key in keys[:KEYS_MAX] if _is_usable(key)]


def _discover(issuer: str) -> str:
    """The address of the keys by the issuer's metadata (OpenID Connect Discovery, RFC 8414). Raises NotFetched."""
    parts = urlsplit(issuer)
    addresses = [
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}",
    ]
    problems = []
    for address in addresses:
        try:
            metadata = fetch_object(address)
        except NotFetched as error:
            problems.append(str(error))
            continue
        if metadata.get("issuer") != issuer:
            problems.append(f"{address} is of another issuer")
        elif isinstance(metadata.get("jwks_uri"), str):
            return str(metadata["jwks_uri"])
        else:
            problems.append(f"{address} has no jwks_uri")
    raise NotFetched("; ".join(problems))


def _is_usable(key: Any) -> bool:
    """Whether it is a public key for signatures; a shared secret never is."""
    if not isinstance(key, dict) or key.get("kty") not in ("RSA", "EC", "OKP") or key.get("use", "sig") != "sig":
        return False
    try:
        jwt.PyJWK(key)
    except jwt.PyJWTError:
        return False
    return True
