"""Settings: read strictly, told by name where they are wrong, and all of them explained."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcpsite.env import env_bool, env_database, env_int, env_list, env_str, env_time_zone

from .support.server import ROOT
from .support.sources import calls, table_rows

SOURCES = ["mcpsite/settings.py", "mcpsite/management/commands/quickstart.py"]


def load(monkeypatch: pytest.MonkeyPatch, data: Path, **environment: str) -> ModuleType:
    """The settings that an environment with nothing but these variables makes."""
    for name in read():
        monkeypatch.delenv(name, raising=False)
    for name, value in {"DATA_DIR": str(data), **environment}.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("mcpsite.settings", ROOT / "mcpsite/settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read() -> set[str]:
    """The variables that are read."""
    return {ast.literal_eval(call.args[0]) for path in SOURCES for call in calls(path, "env_")}


def documented() -> dict[str, str]:
    """The variables that are explained, with their defaults."""
    return {row[0].strip("`"): row[1] for row in table_rows("docs/settings.md")}


def test_every_variable_that_is_read_is_explained_and_no_other() -> None:
    assert set(documented()) == read()


def test_defaults_of_numbers_are_those_that_are_documented() -> None:
    numbers = {
        ast.literal_eval(call.args[0]): eval(ast.unparse(call.args[1]))  # noqa: S307  # our own source
        for call in calls(SOURCES[0], "env_int")
    }
    assert len(numbers) > 5
    assert numbers == {name: int(documented()[name].strip("`")) for name in numbers}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((text, True) for text in ("true", "TRUE", "1", "yes", "on")),
        *((text, False) for text in ("false", "0", "no", "off", " false ")),
    ],
)
def test_boolean_is_read_whatever_the_default(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("SWITCH", value)
    assert (env_bool("SWITCH", True), env_bool("SWITCH", False)) == (expected, expected)


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_variable_that_says_nothing_means_the_default(monkeypatch: pytest.MonkeyPatch, unset: str | None) -> None:
    monkeypatch.delenv("THING", raising=False)
    if unset is not None:
        monkeypatch.setenv("THING", unset)

    assert env_str("THING", "default") == "default"
    assert env_str("THING", "a", choices=("a", "b")) == "a"
    assert env_int("THING", 7) == 7
    assert env_bool("THING", True) is True
    assert env_list("THING") == []


def test_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGS", " a.example , b.example,, ")
    assert env_list("THINGS") == ["a.example", "b.example"]


@pytest.mark.parametrize(
    ("reader", "value", "message"),
    [
        (lambda name: env_bool(name, True), "maybe", "THING='maybe' must be true or false."),
        (lambda name: env_int(name, 1), "many", "THING='many' must be a whole number."),
        (lambda name: env_int(name, 1), "1.5", "THING='1.5' must be a whole number."),
        (lambda name: env_int(name, 1), "-1", "THING=-1 must be at least 0."),
        (lambda name: env_int(name, 9, minimum=5), "4", "THING=4 must be at least 5."),
        (lambda name: env_int(name, 9, maximum=9), "10", "THING=10 must be at most 9."),
        (
            lambda name: env_time_zone(name, "UTC"),
            "Mars/Base",
            "THING='Mars/Base' is not a time zone; write it like Europe/Berlin.",
        ),
        (lambda name: env_database(name, ""), "nonsense", "THING must be like postgres://user:password@host/name."),
        (
            lambda name: env_database(name, ""),
            "mars://host/name",
            "THING must be like postgres://user:password@host/name.",
        ),
        (lambda name: env_str(name, "a", choices=("a", "b")), "c", "THING='c' must be one of: a, b."),
    ],
)
def test_value_that_cannot_be_meant_is_told_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, reader: Any, value: str, message: str
) -> None:
    monkeypatch.setenv("THING", value)
    with pytest.raises(ImproperlyConfigured) as error:
        reader("THING")
    assert str(error.value) == message


@pytest.mark.parametrize(
    "setting",
    [
        "PORT=http",
        "PORT=0",
        "DEBUG=perhaps",
        "PUBLIC_URL=skills.example.com",
        "PUBLIC_URL=ftp://skills.example.com",
        "TRUST_X_FORWARDED_PROTO=2",
        "STORAGE_BACKEND=floppy",
        "SKILL_MAX_FILES=0",
        "SKILL_MAX_BYTES=lots",
        "MCP_REQUIRE_AUTH=sometimes",
        "MCP_MAX_BODY_BYTES=10",
        "LOG_FORMAT=xml",
    ],
)
def test_setting_that_cannot_be_meant_stops_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str
) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ImproperlyConfigured, match=rf"\A{name}='?{value}'? must"):
        load(monkeypatch, tmp_path, **{name: value})


def test_without_an_environment_everything_lies_below_one_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = load(monkeypatch, tmp_path)

    assert settings.DATABASES["default"]["NAME"] == str(tmp_path / "db.sqlite3")
    assert settings.STORAGES["skills"]["OPTIONS"]["location"] == tmp_path / "store"
    assert settings.PUBLIC_URL == "http://127.0.0.1:8000"
    assert settings.DEBUG is False
    assert settings.MCP_REQUIRE_AUTH is True


def test_secret_key_is_kept_for_the_next_start_unless_one_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = load(monkeypatch, tmp_path).SECRET_KEY
    assert first == load(monkeypatch, tmp_path).SECRET_KEY
    assert load(monkeypatch, tmp_path, SECRET_KEY="given").SECRET_KEY == "given"


@pytest.mark.parametrize(
    ("url", "secure"), [("https://skills.example.com/", True), ("http://skills.example.com", False)]
)
def test_public_address_decides_whether_everything_is_encrypted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, secure: bool
) -> None:
    settings = load(monkeypatch, tmp_path, PUBLIC_URL=url)

    assert url.rstrip("/") == settings.PUBLIC_URL
    assert (secure, secure) == (settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE)
    assert (settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS > 0) == (secure, secure)
    assert not hasattr(settings, "SECURE_PROXY_SSL_HEADER")


def test_hosts_are_those_of_the_public_address_this_machine_and_the_given_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = load(
        monkeypatch, tmp_path, PUBLIC_URL="https://skills.example.com", ALLOWED_HOSTS="skills.internal, 10.0.0.7"
    )
    local = {"localhost", "127.0.0.1", "[::1]"}
    assert set(settings.ALLOWED_HOSTS) == {"skills.example.com", "skills.internal", "10.0.0.7", *local}


def test_header_of_a_proxy_is_believed_only_where_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(monkeypatch, tmp_path, TRUST_X_FORWARDED_PROTO="true")
    assert settings.SECURE_PROXY_SSL_HEADER == ("HTTP_X_FORWARDED_PROTO", "https")


def test_largest_zip_fits_into_the_largest_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(monkeypatch, tmp_path, SKILL_MAX_ARCHIVE_BYTES="100000000")
    assert settings.MAX_REQUEST_BYTES > 100_000_000
