"""What somebody edited in an older version, merged into the newest: what fits by itself, and what has to be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from skills_registry.bounded.pool import NotDone, run_bounded
from skills_registry.compare.three_way_merge import Choice, Region, merge_all, merged_text
from skills_registry.media_types import decode_text
from skills_registry.models import SkillVersion
from skills_registry.packages.edits import Edit, resolve

from .comparison_source import Side, version_side
from .edited_version import editable_text

MERGE_SECONDS = 0.4
"""CPU time for all texts; where it is not enough, files that both changed are taken whole from one side."""
CLASHES_MAX = 200
"""Choices that are asked for on one page."""
SHOWN_MAX = 4000
"""Characters of a piece of text that are shown of each side."""

State = Literal["changed", "removed"]


@dataclass(frozen=True)
class Clash:
    """Something that both changed: a piece of a text from a line on, or (`line` None) a whole file."""

    name: str
    path: str
    line: int | None
    mine: str
    theirs: str
    """The texts of a piece; of a whole file, what was done to it: `changed` or `removed`."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be chosen."""
        return ("mine", "theirs") if self.line is None else ("mine", "theirs", "both")

    @property
    def cut(self) -> bool:
        """Whether the piece is longer than what is shown of it."""
        return max(len(self.mine), len(self.theirs)) > SHOWN_MAX


@dataclass(frozen=True)
class Merge:
    """The edits as they are on top of the newest version, and the files that both sides changed.

    `settled` are those that touch nothing of theirs; `both` are, by path, the pieces of a file that both changed,
    None where one side has to be taken whole; `mine` is what such a file is by my edits.
    """

    settled: Mapping[str, Edit]
    both: Mapping[str, list[Region] | None]
    mine: Mapping[str, Edit]
    removed: frozenset[str]
    """Those of the files that they removed."""

    @property
    def clashes(self) -> list[Clash]:
        """What has to be chosen, in order."""
        clashes: list[Clash] = []
        for path, regions in self.both.items():
            if regions is None:
                mine: State = "removed" if self.mine[path] == Edit() else "changed"
                theirs: State = "removed" if path in self.removed else "changed"
                clashes.append(Clash(f"choice-{len(clashes)}", path, None, mine, theirs))
                continue
            for region in regions:
                if region.conflict:
                    clashes.append(Clash(f"choice-{len(clashes)}", path, region.line, region.mine, region.theirs))
        return clashes

    @property
    def merged(self) -> list[str]:
        """The files that both changed, and that were merged without a choice."""
        return [path for path, regions in self.both.items() if regions and not any(one.conflict for one in regions)]

    def edits(self, chosen: Mapping[str, Choice]) -> dict[str, Edit]:
        """The edits to make to the newest version; what was not chosen stays as they have it."""
        made = dict(self.settled)
        clashes = self.clashes
        for path, regions in self.both.items():
            choices = [chosen.get(clash.name, "theirs") for clash in clashes if clash.path == path]
            if regions is not None:
                made[path] = Edit(text=merged_text(regions, choices))
            elif choices == ["mine"]:
                made[path] = self.mine[path]
        return made

    def chosen(self, given: Mapping[str, str], otherwise: Choice | None = None) -> dict[str, Choice] | None:
        """The choices in a form; where one is missing, `otherwise` (of a whole file: mine), or None for all."""
        chosen: dict[str, Choice] = {}
        for clash in self.clashes:
            asked = given.get(clash.name)
            fallback = "mine" if otherwise and clash.line is None else otherwise
            choice = next((choice for choice in clash.choices if choice == asked), fallback)
            if choice is None:
                return None
            chosen[clash.name] = choice
        return chosen


def merge_edits(base: SkillVersion, newest: SkillVersion, edits: Mapping[str, Edit]) -> Merge:
    """Merge edits of `base` into the newest version. Raises Http404 for a source that the base does not have."""
    old, new = version_side(base), version_side(newest)
    before, after = _digests(old), _digests(new)
    moved = {edit.source for edit in edits.values() if edit.source is not None}
    settled: dict[str, Edit] = {}
    clashing: dict[str, Edit] = {}
    for path, edit in edits.items():
        mine = _rebase_edit(edit, old, after)
        if before.get(path) == after.get(path) or (mine == Edit() and path in moved and path in after):
            settled[path] = mine
        elif (mine == Edit() and path not in after) or _already_has(new, path, mine):
            continue  # both did the same
        else:
            clashing[path] = mine
    return Merge(settled, _merge_texts(clashing, old, new), clashing, frozenset(clashing.keys() - after.keys()))


def _rebase_edit(edit: Edit, old: Side, after: Mapping[str, str]) -> Edit:
    """The edit for the newest version; a file that was moved takes along what they changed in it."""
    if edit.source is None:
        return edit
    content = old.content(edit.source)
    return edit if edit.source in after else Edit.of(content)


def _already_has(side: Side, path: str, edit: Edit) -> bool:
    """Whether a file is already what the edit would make of it."""
    if side.file(path) is None or edit == Edit():
        return False
    return resolve({path: edit}, side.content)[path] == side.content(path)


def _merge_texts(clashing: Mapping[str, Edit], old: Side, new: Side) -> dict[str, list[Region] | None]:
    """The pieces of each file, None where there are none: no text, too large, or removed on one side."""
    texts: dict[str, tuple[str, str, str]] = {}
    for path, edit in clashing.items():
        content = resolve({path: edit}, new.content)[path]
        mine = None if content is None else decode_text(content)
        theirs = editable_text(new, path)
        base = "" if old.file(path) is None else editable_text(old, path)
        if mine is not None and theirs is not None and base is not None:
            texts[path] = base, mine, theirs
    try:
        pieces = dict(zip(texts, run_bounded(MERGE_SECONDS, merge_all, list(texts.values())), strict=True))
    except NotDone:
        pieces = {}
    return {path: pieces.get(path) for path in clashing}


def _digests(side: Side) -> dict[str, str]:
    return {file["path"]: file["sha256"] for file in side.files}
