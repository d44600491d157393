"""System checks: settings that cannot work, said at the start with what to do."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register()
def check_skill_limits(**kwargs: Any) -> list[checks.CheckMessage]:
    """The limits on packages must fit each other, and should not exceed what every client supports."""
    messages: list[checks.CheckMessage] = []
    if settings.SKILL_MAX_FILES > 512 or settings.SKILL_MAX_BYTES > 16 * 1024 * 1024:
        messages.append(
            checks.Warning(
                "SKILL_MAX_FILES or SKILL_MAX_BYTES is above what clients of the Skills extension must support.",
                hint="Stay at or below 512 files and 16777216 bytes.",
                id="skills_registry.W001",
            )
        )
    if not settings.S3_SKILLS_PREFIX.endswith("/") or settings.S3_SKILLS_PREFIX.startswith(("/", "uploads/")):
        messages.append(
            checks.Error(
                f"S3_SKILLS_PREFIX={settings.S3_SKILLS_PREFIX!r} is not usable as a prefix of keys.",
                hint='Use something like "skills/": no slash at the start, one at the end, and not "uploads/".',
                id="skills_registry.E001",
            )
        )
    return messages
