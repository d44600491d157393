"""Tokens of an external issuer: what they must say, how they are checked, and what its keys' rotation and outage do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from invocations.events import InvocationEvent
from mcp_gateway.auth import fetching, keys
from mcp_gateway.auth import issuer as issuer_module
from mcp_gateway.auth.identity import caller_cache

from .conftest import Gateway
from .support.gateway_asking import MODERN, ask, request, result_of, send
from .support.gateway_shelf import Shelf
from .support.issuer import DISCOVERY, JWKS, KEY_KINDS, OAUTH_METADATA, Issuer, running_issuer

pytest_plugins = ["tests.support.gateway_wire"]

LIST = request("tools/list")


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(running: Issuer, settings: Any) -> Issuer:
    """An issuer that the gateway trusts, with one key; what a test changes of it is undone."""
    settings.MCP_REQUIRE_AUTH = True
    settings.MCP_JWT_ISSUER = running.name
    running.__init__(running.url)  # type: ignore[misc]
    issuer_module.key_set.cache_clear()
    caller_cache.clear()
    return running


class Clock:
    """Stands in for the module `time`; moves when it is told to."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keys, "time", clock)
    return clock


async def answer(wire: Gateway, token: str) -> tuple[int, str]:
    """The HTTP status, and why."""
    response = await send(wire, LIST, {"authorization": f"Bearer {token}"})
    return response.status_code, response.json().get("error", {}).get("message", "")


async def status(wire: Gateway, token: str) -> int:
    return (await answer(wire, token))[0]


# What a token must say


async def test_token_of_the_issuer_opens_and_names_its_caller(
    wire: Gateway, issuer: Issuer, settings: Any, recorded: list[InvocationEvent]
) -> None:
    settings.MCP_JWT_NAME_CLAIM = "username"

    named: list[dict[str, Any]] = [{"username": "maria"}, {"username": "ma\nria\x00"}, {"username": "x" * 500}, {}]
    for claims in named:
        header = f"Bearer {issuer.token(**claims)}"
        await ask(wire, MODERN, "tools/call", {"name": "greeter"}, authorization=header)

    assert [event.caller for event in recorded] == ["maria", "ma\ufffdria\ufffd", "x" * 150, "u-1"]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": timedelta(seconds=-60)}, "has expired"),
        ({"exp": None}, "lacks exp or iss"),
        ({"exp": "soon"}, "is not valid"),
        ({"nbf": timedelta(minutes=10)}, "is not valid yet"),
        ({"iat": timedelta(minutes=10)}, "is not valid yet"),
        ({"iss": "https://evil.example"}, "has another issuer"),
        ({"iss": None}, "lacks exp or iss"),
        ({"aud": "https://other.example"}, "is meant for another server"),
        ({"aud": ["https://other.example", 5]}, "is meant for another server"),
        ({"aud": []}, "is meant for another server"),
        ({"aud": {"http://127.0.0.1:8000/mcp": 1}}, "is meant for another server"),
        ({"aud": None}, "is meant for another server"),
        ({"aud": None, "client_id": "somebody"}, "is meant for another server"),
        ({"token_use": "id"}, "is not an access token"),
        ({"sub": None}, "has neither sub nor client_id"),
        ({"sub": 5}, "is not valid"),
    ],
)
async def test_token_that_says_something_else_is_refused_with_the_reason(
    wire: Gateway, issuer: Issuer, claims: dict[str, Any], reason: str
) -> None:
    response = await send(wire, LIST, {"authorization": f"Bearer {issuer.token(**claims)}"})

    assert response.status_code == 401
    assert response.json()["error"]["message"] == f"The token {reason}"
    assert f'error="invalid_token", error_description="The token {reason}"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": timedelta(hours=1), "nbf": timedelta(hours=-1)},
        {"aud": ["https://other.example", "http://127.0.0.1:8000/mcp"]},
        {"token_use": "access"},
        {"sub": None, "client_id": "machine"},
    ],
)
async def test_token_that_says_what_it_must_opens(wire: Gateway, issuer: Issuer, claims: dict[str, Any]) -> None:
    assert await status(wire, issuer.token(**claims)) == 200


async def test_clocks_may_differ_a_little(wire: Gateway, issuer: Issuer) -> None:
    now = int(time.time())
    assert await status(wire, issuer.token(exp=now - 10)) == 200
    assert await status(wire, issuer.token(nbf=now + 10, iat=now + 10)) == 200


async def test_audiences_of_the_settings_take_the_place_of_the_own_address(
    wire: Gateway, issuer: Issuer, settings: Any
) -> None:
    settings.MCP_JWT_AUDIENCE = ["skills"]
    assert await status(wire, issuer.token(aud="skills")) == 200
    assert await status(wire, issuer.token()) == 401


async def test_token_of_cognito_is_told_by_its_client(wire: Gateway, issuer: Issuer, settings: Any) -> None:
    settings.MCP_JWT_CLIENT_IDS = ["7a1b"]
    settings.MCP_JWT_SCOPE_PREFIX = "skillkeeper/"
    token = issuer.token(aud=None, client_id="7a1b", token_use="access", scope="skillkeeper/skills:read")

    assert await status(wire, token) == 200
    for changes in ({"client_id": "other"}, {"token_use": "id"}, {"aud": "https://other.example"}):
        claims: dict[str, Any] = {
            "aud": None,
            "client_id": "7a1b",
            "token_use": "access",
            "scope": "skillkeeper/skills:read",
        }
        assert await status(wire, issuer.token(**{**claims, **changes})) == 401


@pytest.mark.parametrize(
    ("prefix", "claims", "expected"),
    [
        ("", {"scope": "skills:read"}, 200),
        ("", {"scope": ["a", "skills:read"]}, 200),
        ("", {"scope": "skills:write skills:reader"}, 403),
        ("", {"scope": None}, 403),
        ("", {"scope": {"skills:read": True}}, 403),
        ("", {"scope": "other/skills:read"}, 403),
        ("mine/", {"scope": "other/skills:read mine/skills:read"}, 200),
        ("mine/", {"scope": "skills:read"}, 403),
    ],
)
async def test_scope_is_asked_for_as_the_issuer_writes_it(
    wire: Gateway, issuer: Issuer, settings: Any, *, prefix: str, claims: dict[str, Any], expected: int
) -> None:
    settings.MCP_JWT_SCOPE_PREFIX = prefix

    response = await send(wire, LIST, {"authorization": f"Bearer {issuer.token(**claims)}"})

    assert response.status_code == expected
    if expected == 403:
        assert f'scope="{prefix}skills:read"' in response.headers["www-authenticate"]


async def test_scopes_may_be_in_another_claim(wire: Gateway, issuer: Issuer, settings: Any) -> None:
    settings.MCP_JWT_SCOPE_CLAIM = "scp"
    assert await status(wire, issuer.token(scp="skills:read", scope=None)) == 200
    assert await status(wire, issuer.token()) == 403


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        ({"groups": ["Team-A"]}, ["invoices"]),
        ({"groups": "team-a other"}, ["invoices"]),
        ({"skills": ["greeter"]}, ["greeter"]),
        ({"skills": ["greeter"], "groups": ["team-a"]}, ["greeter", "invoices"]),
        ({"groups": ["GRO\u0308\u00dfE"]}, ["measures"]),
        ({"groups": ["*"]}, ["greeter", "invoices", "measures", "payroll"]),
        ({"groups": []}, []),
        ({"groups": 5}, []),
        ({}, []),
    ],
)
async def test_claims_may_say_which_skills_there_are(
    wire: Gateway, shelf: Shelf, issuer: Issuer, settings: Any, *, claims: dict[str, Any], seen: list[str]
) -> None:
    settings.MCP_JWT_SKILLS_CLAIM, settings.MCP_JWT_TAGS_CLAIM = "skills", "groups"
    shelf.publish("invoices", tags=("team-a",))
    shelf.publish("payroll", tags=("secret",))
    shelf.publish("measures", tags=("größe",))

    listed = await result_of(wire, MODERN, "tools/list", authorization=f"Bearer {issuer.token(**claims)}")

    assert [tool["name"] for tool in listed["tools"]] == seen


# How it is checked


@pytest.mark.parametrize("algorithm", KEY_KINDS)
async def test_algorithm_must_be_allowed(wire: Gateway, issuer: Issuer, settings: Any, algorithm: str) -> None:
    issuer.add_key("other", algorithm)
    settings.MCP_JWT_ALGORITHMS = [algorithm]
    assert await status(wire, issuer.token("other")) == 200

    settings.MCP_JWT_ALGORITHMS = ["PS512"]
    caller_cache.clear()
    assert await answer(wire, issuer.token("other")) == (
        401,
        "The token is signed with an algorithm that is not accepted",
    )


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(issuer: Issuer) -> str:
    return f"{segment({'alg': 'none', 'kid': 'one'})}.{segment(issuer.claims())}."


def signed_with_the_public_key_as_a_secret(issuer: Issuer) -> str:
    public = issuer.keys["one"][1].public_key()
    secret = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    content = f"{segment({'alg': 'HS256', 'kid': 'one'})}.{segment(issuer.claims())}"
    signature = hmac.new(secret, content.encode(), hashlib.sha256).digest()
    return f"{content}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def signed_by_somebody_else(issuer: Issuer) -> str:
    return jwt.encode(issuer.claims(), rsa.generate_private_key(65537, 2048), "RS256", {"kid": "one"})


def brings_its_own_key(issuer: Issuer) -> str:
    key = rsa.generate_private_key(65537, 2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(issuer.claims(), key, "RS256", {"kid": "one", "jwk": public, "jku": f"{issuer.url}{JWKS}"})


def changed_after_signing(issuer: Issuer) -> str:
    header, _, signature = issuer.token().split(".")
    return f"{header}.{segment(issuer.claims(sub='root'))}.{signature}"


def of_another_kind_of_key(issuer: Issuer) -> str:
    issuer.add_key("curve", "ES256")
    return jwt.encode(issuer.claims(), issuer.keys["one"][1], "RS256", {"kid": "curve"})


def with_too_short_a_key(issuer: Issuer) -> str:
    issuer.add_key("short", key=rsa.generate_private_key(65537, 1024))  # noqa: S505  # that is the point
    return issuer.token("short")


@pytest.mark.parametrize("allow", [[], ["none", "HS256"]])
@pytest.mark.parametrize(
    "forged",
    [
        unsigned,
        signed_with_the_public_key_as_a_secret,
        signed_by_somebody_else,
        brings_its_own_key,
        changed_after_signing,
        of_another_kind_of_key,
        with_too_short_a_key,
        lambda issuer: f"{segment({'alg': 'RS256'})}.{segment({})}.x",
        lambda issuer: f"{segment({'alg': ['RS256']})}.{segment({})}.x",
        lambda issuer: f"{segment({'alg': 'RS256', 'kid': {}})}.{segment({})}.{segment({})}",
        lambda issuer: "a.b.c",
        lambda issuer: "nonsense",
        lambda issuer: "." * 1000,
        lambda issuer: issuer.token(header={"crit": ["x"], "x": 1}),
    ],
)
@pytest.mark.filterwarnings("ignore:The RSA key is")
async def test_forged_token_opens_nothing_even_with_careless_settings(
    wire: Gateway, issuer: Issuer, settings: Any, forged: Callable[[Issuer], str], allow: list[str]
) -> None:
    settings.MCP_JWT_ALGORITHMS = [*settings.MCP_JWT_ALGORITHMS, *allow]
    assert await status(wire, issuer.token()) == 200
    assert await status(wire, forged(issuer)) == 401


async def test_shared_secret_among_the_keys_is_not_used(wire: Gateway, issuer: Issuer, settings: Any) -> None:
    secret = b"x" * 32
    encoded = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    issuer.answers[JWKS] = lambda: {"keys": [{"kty": "oct", "k": encoded, "kid": "shared", "alg": "HS256"}]}
    settings.MCP_JWT_ALGORITHMS = ["HS256"]
    assert await status(wire, jwt.encode(issuer.claims(), secret, "HS256", {"kid": "shared"})) == 401


async def test_without_an_issuer_no_such_token_opens(wire: Gateway, issuer: Issuer, settings: Any) -> None:
    settings.MCP_JWT_ISSUER = ""
    assert await status(wire, issuer.token()) == 401
    assert issuer.asked == []


async def test_token_is_checked_once_in_a_while(wire: Gateway, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = issuer.token()
    assert await status(wire, token) == 200
    monkeypatch.setattr("jwt.decode", lambda *args, **kwargs: pytest.fail("checked again"))
    assert await status(wire, token) == 200


# Keys


async def test_keys_are_found_by_the_issuers_metadata_and_kept(wire: Gateway, issuer: Issuer) -> None:
    for subject in ("a", "b", "c"):
        assert await status(wire, issuer.token(sub=subject)) == 200
    assert issuer.asked == [DISCOVERY, JWKS]


async def test_keys_are_found_by_metadata_of_oauth_too(wire: Gateway, issuer: Issuer) -> None:
    del issuer.answers[DISCOVERY]
    assert await status(wire, issuer.token()) == 200
    assert issuer.asked == [DISCOVERY, OAUTH_METADATA, JWKS]


async def test_address_of_the_keys_may_be_given(wire: Gateway, issuer: Issuer, settings: Any) -> None:
    settings.MCP_JWT_JWKS_URL = f"{issuer.url}{JWKS}"
    assert await status(wire, issuer.token()) == 200
    assert issuer.asked == [JWKS]


async def test_new_key_is_fetched_when_it_is_first_seen(wire: Gateway, issuer: Issuer, clock: Clock) -> None:
    assert await status(wire, issuer.token()) == 200
    issuer.add_key("two")
    clock.ahead += 11

    assert await status(wire, issuer.token("two")) == 200
    assert await status(wire, issuer.token(sub="other")) == 200
    assert issuer.asked.count(JWKS) == 2


async def test_withdrawn_key_opens_nothing_once_the_keys_are_fetched_anew(
    wire: Gateway, issuer: Issuer, clock: Clock
) -> None:
    assert await status(wire, issuer.token()) == 200
    old = issuer.token(sub="late")
    issuer.add_key("two")
    del issuer.keys["one"]
    clock.ahead += 11
    assert await status(wire, issuer.token("two")) == 200

    assert await answer(wire, old) == (401, "The token is signed with a key its issuer does not have")


async def test_keys_are_fetched_anew_after_an_hour_without_anybody_waiting(
    wire: Gateway, issuer: Issuer, clock: Clock
) -> None:
    assert await status(wire, issuer.token()) == 200
    clock.ahead += 3601

    assert await status(wire, issuer.token(sub="other")) == 200

    task = issuer_module.key_set(issuer.name, "")._task
    assert task is not None
    await task
    assert issuer.asked.count(JWKS) == 2


async def test_unknown_keys_cannot_make_the_gateway_ask_and_ask(wire: Gateway, issuer: Issuer, clock: Clock) -> None:
    tokens = [issuer.token(header={"kid": f"unknown-{number}"}) for number in range(20)]
    assert set(await asyncio.gather(*(status(wire, token) for token in tokens))) == {401}
    assert issuer.asked.count(JWKS) == 1

    clock.ahead += 11
    assert await status(wire, tokens[0]) == 401
    assert issuer.asked.count(JWKS) == 2


async def test_requests_that_come_at_once_share_one_fetch(wire: Gateway, issuer: Issuer) -> None:
    tokens = [issuer.token(sub=f"u-{number}") for number in range(20)]
    assert set(await asyncio.gather(*(status(wire, token) for token in tokens))) == {200}
    assert issuer.asked.count(JWKS) == 1


async def test_token_without_a_key_id_is_checked_by_the_only_key(wire: Gateway, issuer: Issuer) -> None:
    assert await status(wire, issuer.token(None)) == 200
    issuer.add_key("two")
    issuer_module.key_set.cache_clear()
    assert await status(wire, issuer.token(None, sub="other")) == 401


# The issuer is away


async def test_issuer_that_is_away_costs_nothing_while_its_keys_are_known(
    wire: Gateway, issuer: Issuer, clock: Clock
) -> None:
    assert await status(wire, issuer.token()) == 200
    issuer.failing = True

    clock.ahead += 12 * 3600
    assert await status(wire, issuer.token(sub="other")) == 200
    clock.ahead += 13 * 3600
    assert await status(wire, issuer.token(sub="third")) == 503


async def test_token_that_cannot_be_checked_is_asked_to_come_back(wire: Gateway, issuer: Issuer, clock: Clock) -> None:
    issuer.failing = True

    response = await send(wire, LIST, {"authorization": f"Bearer {issuer.token()}"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert response.json()["error"] == {"code": -32603, "message": "The issuer of the token does not answer; try again"}

    issuer.failing = False
    clock.ahead += 11
    assert await status(wire, issuer.token()) == 200


async def test_access_tokens_do_not_depend_on_the_issuer(wire: Gateway, transactional_db: None, issuer: Issuer) -> None:
    issuer.failing = True
    assert await status(wire, "skk_nonsense") == 401
    assert issuer.asked == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda issuer: issuer.answers.update({JWKS: lambda: {"keys": "none"}}),
        lambda issuer: issuer.answers.update({JWKS: lambda: ["no", "object"]}),
        lambda issuer: issuer.answers.update({JWKS: lambda: b"<html>"}),
        lambda issuer: issuer.answers.update({JWKS: lambda: b" " * (fetching.BYTES_MAX + 1)}),
        lambda issuer: issuer.answers.update({JWKS: lambda: f"{issuer.url}/moved"}),
        lambda issuer: [issuer.answers.pop(DISCOVERY), issuer.answers.pop(OAUTH_METADATA)],
        lambda issuer: issuer.answers.update(
            dict.fromkeys((DISCOVERY, OAUTH_METADATA), lambda: {"issuer": "https://evil.example", "jwks_uri": "x"})
        ),
        lambda issuer: issuer.answers.update(
            dict.fromkeys(
                (DISCOVERY, OAUTH_METADATA), lambda: {"issuer": issuer.name, "jwks_uri": "http://h.example/k"}
            )
        ),
        lambda issuer: issuer.answers.update(
            dict.fromkeys(
                (DISCOVERY, OAUTH_METADATA), lambda: {"issuer": issuer.name, "jwks_uri": "file:///etc/passwd"}
            )
        ),
    ],
)
async def test_keys_that_cannot_be_had_are_not_made_up_for(
    wire: Gateway, issuer: Issuer, spoil: Callable[[Issuer], Any], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(issuer)
    assert await status(wire, issuer.token()) == 503
    assert f"could not fetch the keys of {issuer.name}" in caplog.text
    assert "/moved" not in issuer.asked


async def test_issuer_that_is_slow_is_not_waited_for(
    wire: Gateway, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.0)
    issuer.answers[JWKS] = lambda: b"x" * 100_000
    assert await status(wire, issuer.token()) == 503


async def test_key_that_cannot_be_read_does_not_spoil_the_others(wire: Gateway, issuer: Issuer) -> None:
    issuer.answers[JWKS] = lambda: {"keys": [5, {"kty": "RSA"}, {"kty": "MLK"}, {}, *issuer.public_keys()]}
    assert await status(wire, issuer.token()) == 200


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://login.example.com/keys", True),
        ("http://127.0.0.1:9/keys", True),
        ("http://localhost/keys", True),
        ("http://[::1]/keys", True),
        ("http://login.example.com/keys", False),
        ("http://localhost.example.com/keys", False),
        ("http://127.0.0.1.example.com/keys", False),
        ("ftp://127.0.0.1/keys", False),
        ("https:///keys", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_https_is_trusted_but_for_this_machine(url: str, trusted: bool) -> None:
    assert fetching.is_trustworthy(url) is trusted
