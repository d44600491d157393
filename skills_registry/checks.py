"""System checks: find settings that cannot work and say how to fix them."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register()
def check_skill_limits(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of package limits above what every client supports; refuse an unusable S3_SKILLS_PREFIX."""
    messages: list[checks.CheckMessage] = []
    if settings.SKILL_MAX_FILES > 512 or settings.SKILL_MAX_BYTES > 16 * 1024 * 1024:
        messages.append(
            checks.Warning(
                "SKILL_MAX_FILES or SKILL_MAX_BYTES is above what clients of the Skills extension must support.",
                hint="Stay at or below 512 files and 16777216 bytes.",
                id="skills_registry.W001",
            )
        )
    *folders, end = settings.S3_SKILLS_PREFIX.split("/")
    if end or not folders or folders[0] == "uploads" or {"", ".", ".."} & set(folders):
        messages.append(
            checks.Error(
                f"S3_SKILLS_PREFIX={settings.S3_SKILLS_PREFIX!r} cannot be used as a key prefix.",
                hint='Use something like "skills/": no slash at the start, one at the end, and not "uploads/".',
                id="skills_registry.E001",
            )
        )
    return messages


@checks.register()
def check_aws_endpoints(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that S3 and DynamoDB both use custom endpoints or both use AWS. Makes no requests."""
    if settings.STORAGE_BACKEND != "s3":
        return []
    messages: list[checks.CheckMessage] = []
    endpoints = {name: getattr(settings, name) for name in ("S3_ENDPOINT_URL", "DYNAMODB_ENDPOINT_URL")}
    for name, url in endpoints.items():
        if url and not url.startswith(("http://", "https://")):
            messages.append(
                checks.Error(
                    f"{name}={url!r} is not a URL.",
                    hint="Write it like http://127.0.0.1:4566, or leave it empty for AWS.",
                    id="skills_registry.E002",
                )
            )
    if len({bool(url) for url in endpoints.values()}) == 2:
        given = next(name for name, url in endpoints.items() if url)
        messages.append(
            checks.Warning(
                f"Only {given} is set: one service would use that endpoint and the other one AWS.",
                hint="Set both, or neither.",
                id="skills_registry.W002",
            )
        )
    return messages


_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Amazon S3 User Guide, "General purpose bucket naming rules"."""
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
"""Amazon DynamoDB Developer Guide, "Naming rules"."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


@checks.register()
def check_aws_names(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check the names of the bucket, the tables and the region against the rules of AWS. Makes no requests."""
    if settings.STORAGE_BACKEND != "s3":
        return []
    messages: list[checks.CheckMessage] = []
    rules = {
        "S3_SKILLS_BUCKET": (_BUCKET, "3 to 63 lowercase letters, digits, dots and hyphens", "E003"),
        "DYNAMODB_SKILLS_TABLE": (_TABLE, "3 to 255 letters, digits, underscores, dots and hyphens", "E004"),
        "DYNAMODB_INVOCATION_LOGS_TABLE": (_TABLE, "3 to 255 letters, digits, underscores, dots and hyphens", "E004"),
        "AWS_REGION": (_REGION, "a region code like eu-central-1", "E005"),
    }
    for name, (rule, wanted, number) in rules.items():
        value = getattr(settings, name)
        if not rule.fullmatch(value):
            messages.append(
                checks.Error(
                    f"{name}={value!r} is not a valid name.",
                    hint=f"Use {wanted}.",
                    id=f"skills_registry.{number}",
                )
            )
    skills, calls = settings.DYNAMODB_SKILLS_TABLE, settings.DYNAMODB_INVOCATION_LOGS_TABLE
    if skills == calls:
        messages.append(
            checks.Error(
                f"DYNAMODB_SKILLS_TABLE and DYNAMODB_INVOCATION_LOGS_TABLE are both {skills!r}.",
                hint="Skills and calls have different keys; use two tables.",
                id="skills_registry.E006",
            )
        )
    return messages
