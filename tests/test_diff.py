"""What changed between two versions' files."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from skills_registry.diff import FileChange, compare
from tests.samples.zip_writer import SKILL_MD

from .packages import assemble


def recorded(**files: bytes) -> list[dict[str, Any]]:
    """Files as a version records them, in the order in which they were given."""
    package = assemble({"SKILL.md": SKILL_MD, **files})
    by_path = {file.path: file.as_dict() for file in package.files}
    return [by_path[path] for path in files]


def test_added_removed_and_changed_files_are_told_in_order_of_path() -> None:
    before = recorded(kept=b"same", removed=b"gone", changed=b"old", grown=b"a")
    after = recorded(grown=b"aaa", changed=b"new", added=b"here", kept=b"same")
    assert compare(before, after) == [
        FileChange("added", "added", None, 4),
        FileChange("changed", "changed", 3, 3),
        FileChange("grown", "changed", 1, 3),
        FileChange("removed", "removed", 4, None),
    ]


def test_the_first_version_adds_all_its_files() -> None:
    assert compare([], recorded(a=b"", b=b"xy")) == [
        FileChange("a", "added", None, 0),
        FileChange("b", "added", None, 2),
    ]


def test_a_renamed_file_is_removed_and_added() -> None:
    assert [change.change for change in compare(recorded(old=b"same"), recorded(new=b"same"))] == ["added", "removed"]


def test_a_media_type_alone_is_no_change() -> None:
    before = recorded(a=b"text")
    assert compare(before, [{**before[0], "media_type": "text/markdown"}]) == []


contents = st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=2))


@given(contents, contents)
def test_the_way_back_undoes_the_way_there(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    there = compare(recorded(**before), recorded(**after))
    back = compare(recorded(**after), recorded(**before))
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(change.path, opposite[change.change], change.size_after, change.size_before) for change in there] == [
        (change.path, change.change, change.size_before, change.size_after) for change in back
    ]
    assert {change.path for change in there} == {
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    }
