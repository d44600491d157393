"""A small JWT issuer with real keys; a thread serves them and the metadata over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

KEY_KINDS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}
DISCOVERY, OAUTH_METADATA, JWKS = (
    "/pool/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/pool",
    "/keys",
)


_first_key = cache(KEY_KINDS["RS256"])
"""Shared by all tests, because generating a key is slow."""


class Issuer:
    """Signs tokens. `answers` are its documents by path; a removed path is 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"{url}/pool"
        self.keys: dict[str, tuple[str, Any]] = {}
        self.asked: list[str] = []
        self.failing = False
        metadata = {"issuer": self.name, "jwks_uri": f"{url}{JWKS}"}
        self.answers: dict[str, Callable[[], Any]] = {
            DISCOVERY: lambda: metadata,
            OAUTH_METADATA: lambda: metadata,
            JWKS: lambda: {"keys": self.public_keys()},
        }
        self.add_key("one", key=_first_key())

    def add_key(self, kid: str, algorithm: str = "RS256", key: Any = None) -> None:
        self.keys[kid] = (algorithm, key or KEY_KINDS[algorithm]())

    def public_keys(self) -> list[dict[str, Any]]:
        return [
            {**_public_jwk(key), "kid": kid, "alg": algorithm, "use": "sig"}
            for kid, (algorithm, key) in self.keys.items()
        ]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return valid claims with `changes`; None removes a claim, a timedelta is relative to now."""
        now = int(time.time())
        claims = {
            "iss": self.name, "aud": "http://127.0.0.1:8000/mcp", "sub": "u-1", "iat": now, "exp": now + 300,
            "scope": "openid skills:read",
        }  # fmt: skip
        said = {**claims, **changes}
        return {
            name: now + value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in said.items()
            if value is not None
        }

    def token(self, kid: str | None = "one", header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a token signed by the key `kid`; None means the first key, without a `kid` header."""
        algorithm, key = self.keys[kid or next(iter(self.keys))]
        named = {"kid": kid} if kid else {}
        return jwt.encode(self.claims(**changes), key, algorithm, {**named, **(header or {})})


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Run an issuer on a free local port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name for it
            issuer.asked.append(self.path)
            answer = None if issuer.failing else issuer.answers.get(self.path)
            found = answer() if answer else None
            if isinstance(found, str):
                self.send_response(302)
                self.send_header("Location", found)
                self.end_headers()
                return
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(500 if issuer.failing else 404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                pass  # the client has disconnected

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _public_jwk(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        return dict(RSAAlgorithm.to_jwk(key.public_key(), as_dict=True))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return dict(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))
    return dict(OKPAlgorithm.to_jwk(key.public_key(), as_dict=True))
