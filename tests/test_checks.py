"""Settings that cannot work are said at the start, each with an id and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

from mcp_gateway import providers

from .support.server import manage


def found(id: str) -> list[CheckMessage]:  # noqa: A002  # Django's name for it
    return [message for message in run_checks() if message.id == id]


def test_settings_as_they_come_give_no_message() -> None:
    assert run_checks() == []


@pytest.mark.parametrize(("name", "largest"), [("SKILL_MAX_FILES", 512), ("SKILL_MAX_BYTES", 16 * 1024 * 1024)])
def test_limits_above_what_clients_must_support_are_warned_of(settings: Any, name: str, largest: int) -> None:
    setattr(settings, name, largest)
    assert found("skills_registry.W001") == []

    setattr(settings, name, largest + 1)
    (message,) = found("skills_registry.W001")
    assert name in message.msg
    assert str(largest) in (message.hint or "")
    assert not message.is_serious()


@pytest.mark.parametrize(
    "provider",
    ["nowhere.provide", *(f"tests.support.offered.{name}" for name in ("nothing", "NOTHING_NEEDED", "provide_broken"))],
)
def test_provider_that_offers_nothing_usable_is_an_error(settings: Any, provider: str) -> None:
    settings.MCP_PROVIDERS = [provider]
    providers.current.cache_clear()

    (message,) = found("mcp_gateway.E001")
    settings.MCP_PROVIDERS = []
    providers.current.cache_clear()
    assert "Offers" in (message.hint or "")
    assert message.is_serious()
    assert found("mcp_gateway.E001") == []


@pytest.mark.parametrize(
    "prefix", ["skills", "", "/", "/skills/", "uploads/", "uploads/skills/", "../", "a//b/", "a/./b/"]
)
def test_prefix_that_makes_no_keys_is_an_error(settings: Any, prefix: str) -> None:
    settings.S3_SKILLS_PREFIX = prefix

    (message,) = found("skills_registry.E001")
    assert repr(prefix) in message.msg
    assert message.hint
    assert message.is_serious()


@pytest.mark.parametrize("prefix", ["skills/", "team-a/skills/", "uploads-of-skills/", "s/"])
def test_prefix_of_whole_folders_is_fine(settings: Any, prefix: str) -> None:
    settings.S3_SKILLS_PREFIX = prefix
    assert found("skills_registry.E001") == []


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("S3_SKILLS_BUCKET", "Our Skills", "skills_registry.E003"),
        ("S3_SKILLS_BUCKET", "10.0.0.1", "skills_registry.E003"),
        ("S3_SKILLS_BUCKET", "a..b", "skills_registry.E003"),
        ("DYNAMODB_SKILLS_TABLE", "ab", "skills_registry.E004"),
        ("DYNAMODB_INVOCATION_LOGS_TABLE", "calls of skills", "skills_registry.E004"),
        ("AWS_REGION", "Frankfurt", "skills_registry.E005"),
        ("DYNAMODB_SKILLS_TABLE", "mcp-invocation-logs", "skills_registry.E006"),
        ("S3_ENDPOINT_URL", "localhost:9000", "skills_registry.E002"),
    ],
)
def test_name_that_aws_cannot_have_is_an_error_with_s3_alone(settings: Any, name: str, value: str, id: str) -> None:  # noqa: A002
    setattr(settings, name, value)
    assert found(id) == []

    settings.STORAGE_BACKEND = "s3"
    (message,) = found(id)
    assert message.is_serious()
    assert repr(value) in message.msg
    assert message.hint


def test_one_local_service_and_one_of_aws_is_warned_of(settings: Any) -> None:
    settings.STORAGE_BACKEND = "s3"
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9000"
    (message,) = found("skills_registry.W002")
    assert "S3_ENDPOINT_URL" in message.msg

    settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:8001"
    assert found("skills_registry.W002") == []


def test_redis_url_that_is_none_is_an_error(settings: Any) -> None:
    settings.REDIS_URL = "localhost:6379"
    (message,) = found("mcpsite.E001")
    assert message.is_serious()
    settings.REDIS_URL = "redis://localhost:6379"
    assert found("mcpsite.E001") == []


def test_replicas_that_share_neither_database_nor_key_are_warned_of_before_deployment(tmp_path: Path) -> None:
    given = {"STORAGE_BACKEND": "s3", "PUBLIC_URL": "https://skills.example.com"}
    said = manage(tmp_path / "data", "check", "--deploy", **given).stderr
    assert "mcpsite.W001" in said
    assert "mcpsite.W002" in said

    shared = {"SECRET_KEY": "given to all replicas. " * 4, "DATABASE_URL": "postgres://skillkeeper@database/skills"}
    assert "mcpsite.W" not in manage(tmp_path / "data", "check", "--deploy", **given, **shared).stderr
    assert "mcpsite.W" not in manage(tmp_path / "data", "check", **given).stderr


def test_streams_that_can_take_every_connection_are_warned_of(settings: Any) -> None:
    assert found("mcpsite.W003") == []

    settings.MCP_MAX_STREAMS = settings.HTTP_MAX_CONNECTIONS
    (message,) = found("mcpsite.W003")
    assert not message.is_serious()
    assert "HTTP_MAX_CONNECTIONS" in (message.hint or "")
