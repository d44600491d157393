"""Differences between two snapshots, as visible to an audience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_gateway.catalog import Snapshot
from mcp_gateway.methods import prompts, search_tools, skill_tools
from mcp_gateway.providers import Offers
from mcp_gateway.serving.invocable import is_prompt, is_tool, title
from mcp_gateway.wire.uris import canonical_uri, file_uri
from skills_registry.catalog import Audience, PublishedSkill

Pair = tuple[PublishedSkill | None, PublishedSkill | None]
"""A skill before and after; None if it did not exist."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Changed lists ("tools", "prompts", "resources") and changed resources."""

    lists: frozenset[str]
    uris: frozenset[str]
    """Files added, removed or changed, their folders, and changed provider resources; skill URIs are canonical."""


def changed_skills(before: Snapshot, after: Snapshot) -> list[Pair]:
    """Return the skills that differ, for any audience."""
    return [pair for pair in _pairs(before, after) if pair[0] is not pair[1]]


def all_skills(before: Snapshot, after: Snapshot) -> list[Pair]:
    """Return all skills, for a caller whose audience has changed."""
    return list(_pairs(before, after))


def compare_snapshots(
    pairs: Sequence[Pair], was: Audience, now: Audience, snapshots: tuple[Snapshot, Snapshot]
) -> Difference:
    """Return the changes visible to a caller whose audience went from `was` to `now`."""
    before, after = snapshots
    seen = [(_if_visible(old, was), _if_visible(new, now)) for old, new in pairs]
    lists = {name for name, entry in _ENTRIES.items() if any(entry(old) != entry(new) for old, new in seen)}
    uris = {uri for pair in seen for uri in _touched_uris(*pair)}
    searched = search_tools.are_search_tools_listed(before, was), search_tools.are_search_tools_listed(after, now)
    reading = search_tools.is_file_reader_listed(before, was), search_tools.is_file_reader_listed(after, now)
    if all(searched):
        lists.discard("tools")
    elif any(searched) or reading[0] != reading[1]:
        lists.add("tools")
    if not was.restricted or not now.restricted:
        lists |= _changed_offer_lists(before.offers, after.offers)
        uris |= _changed_offer_uris(before.offers, after.offers)
    return Difference(frozenset(lists), frozenset(uris))


def _pairs(before: Snapshot, after: Snapshot) -> Iterator[Pair]:
    for name in before.skills.keys() | after.skills.keys():
        yield before.skills.get(name), after.skills.get(name)


def _if_visible(skill: PublishedSkill | None, audience: Audience) -> PublishedSkill | None:
    return skill if skill is not None and audience.includes(skill.name, skill.tags) else None


def _tool(skill: PublishedSkill | None) -> Any:
    return skill_tools.definition(skill) if skill is not None and is_tool(skill) else None


def _prompt(skill: PublishedSkill | None) -> Any:
    return prompts.definition(skill) if skill is not None and is_prompt(skill) else None


def _resources(skill: PublishedSkill | None) -> Any:
    return skill and (title(skill), skill.description, skill.published_at, skill.files)


_ENTRIES = {"tools": _tool, "prompts": _prompt, "resources": _resources}
"""A skill's entry in each list; None if it has none."""


def _changed_offer_lists(before: Offers, after: Offers) -> set[str]:
    return {
        name
        for name in ("tools", "prompts", "resources")
        if [entry.definition for entry in getattr(before, name)] != [entry.definition for entry in getattr(after, name)]
    }


def _changed_offer_uris(before: Offers, after: Offers) -> set[str]:
    """Return the URIs of provider resources that were added, removed or redefined."""
    old, new = ({one.uri: one.definition for one in offers.resources} for offers in (before, after))
    return {uri for uri in old.keys() | new.keys() if old.get(uri) != new.get(uri)}


def _touched_uris(old: PublishedSkill | None, new: PublishedSkill | None) -> Iterator[str]:
    """Yield the URIs of changed files, and of their folders up to the skill's root."""
    for uri in {canonical_uri(uri) for uri, _ in _files(old) ^ _files(new)}:
        yield uri
        folder = uri.rpartition("/")[0]
        while folder != "skill:/":
            yield folder
            folder = folder.rpartition("/")[0]


def _files(skill: PublishedSkill | None) -> set[tuple[str, str]]:
    return {(file_uri(skill.name, file.path), file.sha256) for file in skill.files} if skill else set()
