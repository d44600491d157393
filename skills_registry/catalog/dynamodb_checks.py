"""Is the table `mcp-skills` what the registry would make of it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pynamodb.exceptions import DoesNotExist

from invocations.aws.dynamo import translate_errors
from skills_registry.models import Skill
from skills_registry.store import package_store

from .dynamodb_projection import METADATA
from .items import attributes, large_manifest
from .tables import ACTIVE, HEAD, HeadItem, SkillItem, count

TRIES = 5
MOVING = {"generation", "updated_at"}
"""What differs while a change is on its way, and also otherwise says nothing to gateways."""


class Kind(Enum):
    """What is wrong with an item."""

    SKILL = "the item of a skill is not what the registry says"
    STRANGER = "the item of a skill that is neither in the registry nor in the store"
    LOST = "the item of a skill that is in the store, and not in the registry"
    COUNTERS = "counters that cannot be read"
    HEAD = "the head item does not say what the items say"


@dataclass(frozen=True)
class Problem:
    """What is wrong with the item of a skill, or with the head."""

    kind: Kind
    name: str
    what: str


def problems() -> Iterator[Problem]:
    """Everything in the table that is not as it should be. Raises OSError."""
    with translate_errors():
        items = {item.skill_id: item for item in SkillItem.scan(consistent_read=True)}
    items.pop(HEAD, None)
    for name, item in sorted(items.items()):
        yield from _counters(item)
        if not Skill.objects.filter(name=name).exists():
            yield from _unknown(item)
    for skill in Skill.objects.with_summary().iterator(100):
        yield from _known(skill, items.get(skill.name))
    yield from _head()


def _counters(item: SkillItem) -> Iterator[Problem]:
    if damaged := sorted(set(item.damaged) - set(METADATA)):
        yield Problem(Kind.COUNTERS, item.skill_id, f"its item in the table holds no {', '.join(damaged)} to count on")


def _unknown(item: SkillItem) -> Iterator[Problem]:
    if not set(item.damaged) & set(METADATA) and not any(getattr(item, name) for name in METADATA):
        return  # calls are counted also of what is not there any more
    if any(package_store.version_numbers(item.skill_id)):
        what = "its item is in the table and its files are in the store, but the registry does not know it"
        yield Problem(Kind.LOST, item.skill_id, f"{what}; see rebuild_registry")
    else:
        served = ", and gateways serve it" if item.status == ACTIVE else ""
        yield Problem(Kind.STRANGER, item.skill_id, f"the registry does not know it, its item is in the table{served}")


def _known(skill: Skill, item: SkillItem | None) -> Iterator[Problem]:
    if item is None:
        if skill.generation:
            yield Problem(Kind.SKILL, skill.name, "its item is missing in the table")
        return
    expected = attributes(skill)
    wrong = {name for name, value in expected.items() if name not in MOVING and (getattr(item, name) or None) != value}
    if unreadable := sorted(set(item.damaged) & set(METADATA)):
        what = f"its item in the table cannot be read: {', '.join(unreadable)}"
        yield Problem(Kind.SKILL, skill.name, what)
    elif wrong:
        what = f"the published catalog differs from the registry: {', '.join(sorted(wrong))}"
        yield Problem(Kind.SKILL, skill.name, what)
    elif item.known_generation is None:
        yield Problem(Kind.SKILL, skill.name, "its item in the table has no generation that can be read")
    elif item.known_generation > skill.generation:
        what = f"its item is of generation {item.known_generation}, newer than the registry's {skill.generation}"
        yield Problem(Kind.SKILL, skill.name, what)
    else:
        yield from _manifest(skill)


def _manifest(skill: Skill) -> Iterator[Problem]:
    live = skill.live_version
    if live is None or (expected := large_manifest(live)) is None:
        return
    key = package_store.manifest_key(skill.name, live.number)
    try:
        if package_store.read_manifest(skill.name, live.number) == expected:
            return
        yield Problem(Kind.SKILL, skill.name, f"{key} is not what was stored")
    except FileNotFoundError:
        yield Problem(Kind.SKILL, skill.name, f"{key} is missing")


def _head() -> Iterator[Problem]:
    """Head and items are read one after the other, so that only what holds between two looks counts."""
    what = ""
    for _ in range(TRIES):
        with translate_errors():
            before = _read_head()
            live, checksum = count(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))
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
