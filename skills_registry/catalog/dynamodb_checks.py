"""Compares the table `mcp-skills` with the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pynamodb.exceptions import DoesNotExist

from invocations.aws.dynamo import translate_errors
from skills_registry.models import Skill
from skills_registry.store import package_store

from .dynamodb_projection import METADATA
from .items import item_attributes, large_manifest
from .tables import ACTIVE, HEAD, HeadItem, SkillItem, count_active

ATTEMPTS_MAX = 5
IGNORED = {"generation", "updated_at"}
"""Attributes that may differ while a change is pending, and that gateways do not use."""


class Kind(Enum):
    """Kind of a problem."""

    SKILL = "a skill's item differs from the registry"
    UNKNOWN = "an item of a skill that is neither in the registry nor in the store"
    LOST = "an item of a skill that is in the store but not in the registry"
    COUNTERS = "invalid counters"
    HEAD = "the head item does not match the items"


@dataclass(frozen=True)
class Problem:
    """A problem of a skill's item, or of the head item."""

    kind: Kind
    name: str
    description: str


def find_problems() -> Iterator[Problem]:
    """Find all differences between the table and the registry. Raises OSError."""
    with translate_errors():
        items = {item.skill_id: item for item in SkillItem.scan(consistent_read=True)}
    items.pop(HEAD, None)
    for name, item in sorted(items.items()):
        yield from _check_counters(item)
        if not Skill.objects.filter(name=name).exists():
            yield from _check_unknown(item)
    for skill in Skill.objects.with_summary().iterator(100):
        yield from _check_known(skill, items.get(skill.name))
    yield from _check_head()


def _check_counters(item: SkillItem) -> Iterator[Problem]:
    if damaged := sorted(set(item.damaged) - set(METADATA)):
        yield Problem(Kind.COUNTERS, item.skill_id, f"its item in the table has invalid counters: {', '.join(damaged)}")


def _check_unknown(item: SkillItem) -> Iterator[Problem]:
    if not set(item.damaged) & set(METADATA) and not any(getattr(item, name) for name in METADATA):
        return  # only counters, which deleted skills keep
    if any(package_store.list_versions(item.skill_id)):
        what = "its item is in the table and its files are in the store, but it is not in the registry"
        yield Problem(Kind.LOST, item.skill_id, f"{what}; see rebuild_registry")
    else:
        served = ", and gateways serve it" if item.status == ACTIVE else ""
        yield Problem(Kind.UNKNOWN, item.skill_id, f"it is not in the registry, but its item is in the table{served}")


def _check_known(skill: Skill, item: SkillItem | None) -> Iterator[Problem]:
    if item is None:
        if skill.generation:
            yield Problem(Kind.SKILL, skill.name, "its item is missing from the table")
        return
    expected = item_attributes(skill)
    wrong = {name for name, value in expected.items() if name not in IGNORED and (getattr(item, name) or None) != value}
    if unreadable := sorted(set(item.damaged) & set(METADATA)):
        what = f"its item in the table cannot be read: {', '.join(unreadable)}"
        yield Problem(Kind.SKILL, skill.name, what)
    elif wrong:
        what = f"the published catalog differs from the registry: {', '.join(sorted(wrong))}"
        yield Problem(Kind.SKILL, skill.name, what)
    elif item.known_generation is None:
        yield Problem(Kind.SKILL, skill.name, "its item in the table has no valid generation")
    elif item.known_generation > skill.generation:
        what = f"its item has generation {item.known_generation}, newer than the registry's {skill.generation}"
        yield Problem(Kind.SKILL, skill.name, what)
    else:
        yield from _check_manifest(skill)


def _check_manifest(skill: Skill) -> Iterator[Problem]:
    live = skill.live_version
    if live is None or (expected := large_manifest(live)) is None:
        return
    key = package_store.manifest_key(skill.name, live.number)
    try:
        if package_store.read_manifest(skill.name, live.number) == expected:
            return
        yield Problem(Kind.SKILL, skill.name, f"{key} does not match its version")
    except FileNotFoundError:
        yield Problem(Kind.SKILL, skill.name, f"{key} is missing")


def _check_head() -> Iterator[Problem]:
    """Compare head and items; as they are read separately, retry until the head did not change meanwhile."""
    what = ""
    for _ in range(ATTEMPTS_MAX):
        with translate_errors():
            before = _read_head()
            live, checksum = count_active(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))
            after = _read_head()
        if before is None and not live:
            return
        if before is None or not before.state().is_whole:
            what = "it is missing or cannot be read"
        elif (before.live, before.checksum) == (live, checksum):
            return
        else:
            what = (
                f"it counts {before.live} active skills with checksum {before.checksum}; there are {live}, {checksum}"
            )
        if before is None or after is None or before.revision == after.revision:
            break
    yield Problem(Kind.HEAD, HEAD, f"the head of the table is wrong: {what}")


def _read_head() -> HeadItem | None:
    try:
        return HeadItem.get(HEAD, consistent_read=True)
    except DoesNotExist:
        return None
