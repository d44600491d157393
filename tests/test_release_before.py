"""The release before goes on writing while this one's migrations are there already: a deployment needs no pause."""

from __future__ import annotations

import pytest
from django.db import connection

from skills_registry.models import Skill, SkillVersion

pytestmark = pytest.mark.django_db


def insert(table: str, values: dict[str, str | int]) -> None:
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(values.values()))  # noqa: S608


def test_rows_without_the_newest_columns_can_be_written_and_read() -> None:
    """The columns are those of the first release."""
    at = "2026-11-20 10:00:00+00:00"
    skill: dict[str, str | int] = {"name": "old", "last_number": 1, "generation": 0, "projected_generation": 0}
    insert("skills_registry_skill", {**skill, "created_at": at, "updated_at": at})
    made = Skill.objects.get()
    version: dict[str, str | int] = {"skill_id": made.pk, "number": 1, "state": "ready", "digest": "0" * 64}
    version |= {"size": 1, "file_count": 1}
    texts = {"files": "[]", "frontmatter": "{}", "warnings": "[]", "findings": "[]", "note": ""}
    insert("skills_registry_skillversion", {**version, **texts, "created_at": at})

    assert (made.tags, made.owner, made.deleted_at) == ([], None, None)
    stored = SkillVersion.objects.publishable().get()
    assert (stored.yank_reason, stored.review) == ("", "")
