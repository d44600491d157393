"""Settings that cannot work are said at the start, each with an id and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks


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
