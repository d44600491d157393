"""Merge edits of an older version into the newest one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from skills_registry.bounded.pool import JobFailed, run_bounded
from skills_registry.compare.three_way_merge import Choice, Region, merge_all, merged_text
from skills_registry.media_types import decode_text
from skills_registry.models import SkillVersion
from skills_registry.packages.edits import Edit, resolve

from .comparison_source import Side, version_side
from .edited_version import editable_text

MERGE_SECONDS = 0.4
"""CPU time to merge all texts. If it is exceeded, the user chooses between whole files."""
CLASHES_MAX = 200
"""Maximum number of choices on one page."""
SHOWN_MAX = 4000
"""Characters of a text shown for each side of a clash."""

State = Literal["changed", "removed"]


@dataclass(frozen=True)
class Clash:
    """A change made on both sides: a piece of text starting at `line`, or a whole file (`line` is None)."""

    name: str
    path: str
    line: int | None
    mine: str
    theirs: str
    """The text of each side; for a whole file, what was done to it: `changed` or `removed`."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The possible choices."""
        return ("mine", "theirs") if self.line is None else ("mine", "theirs", "both")

    @property
    def cut(self) -> bool:
        """Whether the text is longer than SHOWN_MAX."""
        return max(len(self.mine), len(self.theirs)) > SHOWN_MAX


@dataclass(frozen=True)
class Merge:
    """Edits rebased onto the newest version, and the files that both sides changed.

    `settled` are the edits that do not touch their changes. `both` are the regions of each file changed on
    both sides, by path; None means that the whole file must be taken from one side. `mine` are my edits of
    those files.
    """

    settled: Mapping[str, Edit]
    both: Mapping[str, list[Region] | None]
    mine: Mapping[str, Edit]
    removed: frozenset[str]
    """The files in `both` that they removed."""

    @property
    def clashes(self) -> list[Clash]:
        """The choices that the user has to make, in order."""
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
    def merged_paths(self) -> list[str]:
        """The files changed on both sides that were merged without a choice."""
        return [path for path, regions in self.both.items() if regions and not any(one.conflict for one in regions)]

    def apply_choices(self, chosen: Mapping[str, Choice]) -> dict[str, Edit]:
        """The edits to apply to the newest version. Clashes without a choice keep their text."""
        made = dict(self.settled)
        clashes = self.clashes
        for path, regions in self.both.items():
            choices = [chosen.get(clash.name, "theirs") for clash in clashes if clash.path == path]
            if regions is not None:
                made[path] = Edit(text=merged_text(regions, choices))
            elif choices == ["mine"]:
                made[path] = self.mine[path]
        return made

    def read_choices(self, data: Mapping[str, str], default: Choice | None = None) -> dict[str, Choice] | None:
        """Read the choices from a form. A missing choice is replaced by `default`, or `mine` for a whole file.

        Returns None if a choice is missing and there is no default.
        """
        chosen: dict[str, Choice] = {}
        for clash in self.clashes:
            asked = data.get(clash.name)
            fallback = "mine" if default and clash.line is None else default
            choice = next((choice for choice in clash.choices if choice == asked), fallback)
            if choice is None:
                return None
            chosen[clash.name] = choice
        return chosen


def merge_edits(base: SkillVersion, newest: SkillVersion, edits: Mapping[str, Edit]) -> Merge:
    """Merge edits of `base` into the newest version. Raises Http404 for a source that is not in the base."""
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
            continue  # both sides made the same change
        else:
            clashing[path] = mine
    return Merge(settled, _merge_texts(clashing, old, new), clashing, frozenset(clashing.keys() - after.keys()))


def _rebase_edit(edit: Edit, old: Side, after: Mapping[str, str]) -> Edit:
    """The edit for the newest version. If they removed the source of a moved file, its content is added."""
    if edit.source is None:
        return edit
    content = old.content(edit.source)
    return edit if edit.source in after else Edit.of(content)


def _already_has(side: Side, path: str, edit: Edit) -> bool:
    """Whether the file already has the result of the edit."""
    if side.file(path) is None or edit == Edit():
        return False
    return resolve({path: edit}, side.content)[path] == side.content(path)


def _merge_texts(clashing: Mapping[str, Edit], old: Side, new: Side) -> dict[str, list[Region] | None]:
    """The merged regions of each file; None if it is not text, too large, or removed on one side."""
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
    except JobFailed:
        pieces = {}
    return {path: pieces.get(path) for path in clashing}


def _digests(side: Side) -> dict[str, str]:
    return {file["path"]: file["sha256"] for file in side.files}
