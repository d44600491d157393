"""What changed between two versions' files."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from skills_registry.compare.file_changes import FileChange, compare_files
from tests.samples.zip_writer import SKILL_MD

from .support.packages import assemble


def recorded(**files: bytes) -> list[dict[str, Any]]:
    """Files as a version records them, in the order in which they were given."""
    package = assemble({"SKILL.md": SKILL_MD, **files})
    by_path = {file.path: file.as_dict() for file in package.files}
    return [by_path[path] for path in files]


def test_added_removed_and_changed_files_are_told_in_order_of_path() -> None:
    before = recorded(kept=b"same", removed=b"gone", changed=b"old", grown=b"a")
    after = recorded(grown=b"aaa", changed=b"new", added=b"here", kept=b"same")
    assert compare_files(before, after) == [
        FileChange("added", "added", None, 4, ""),
        FileChange("changed", "changed", 3, 3, "changed"),
        FileChange("grown", "changed", 1, 3, "grown"),
        FileChange("removed", "removed", 4, None, "removed"),
    ]


def test_the_first_version_adds_all_its_files() -> None:
    assert compare_files([], recorded(a=b"", b=b"xy")) == [
        FileChange("a", "added", None, 0, ""),
        FileChange("b", "added", None, 2, ""),
    ]


def test_a_file_with_the_same_bytes_under_another_name_was_renamed() -> None:
    assert compare_files(recorded(old=b"same"), recorded(new=b"same")) == [FileChange("new", "renamed", 4, 4, "old")]


def test_of_several_files_with_the_same_bytes_the_one_with_the_same_name_was_moved() -> None:
    before = recorded(**{"a/one.txt": b"same", "a/two.txt": b"same"})
    after = recorded(**{"b/two.txt": b"same", "b/three.txt": b"same", "b/four.txt": b"same"})
    assert [(change.path, change.change, change.path_before) for change in compare_files(before, after)] == [
        ("b/four.txt", "renamed", "a/one.txt"),
        ("b/three.txt", "added", ""),
        ("b/two.txt", "renamed", "a/two.txt"),
    ]


def test_permission_to_run_a_file_is_a_change() -> None:
    before = [*recorded(a=b"a", b=b"b", c=b"c"), {**recorded(d=b"d")[0], "executable": True}]
    after = [{**file, "executable": file["path"] in "ab"} for file in recorded(a=b"a", b=b"B", c=b"c", d=b"d")]
    new = [{**recorded(e=b"e")[0], "executable": True}]
    assert compare_files(before, after + new) == [
        FileChange("a", "permission", 1, 1, "a", executable=True),
        FileChange("b", "changed", 1, 1, "b", executable=True),
        FileChange("d", "permission", 1, 1, "d", executable=False),
        FileChange("e", "added", None, 1, "", executable=True),
    ]


def test_an_empty_file_is_never_renamed() -> None:
    assert [change.change for change in compare_files(recorded(old=b""), recorded(new=b""))] == ["added", "removed"]


def test_a_media_type_alone_is_no_change() -> None:
    before = recorded(a=b"text")
    assert compare_files(before, [{**before[0], "media_type": "text/markdown"}]) == []


contents = st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=2))


@given(contents, contents)
def test_applying_what_is_told_gives_the_later_files(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    paths = dict(zip(before, before, strict=True))  # the path of each file of before, as far as it is told
    for change in compare_files(recorded(**before), recorded(**after)):
        if change.path_before:
            del paths[change.path_before]
        if change.size_after is not None:
            paths[change.path] = change.path
            assert change.size_after == len(after[change.path])
        if change.change == "renamed":
            assert before[change.path_before] == after[change.path] != b""
        if change.change == "changed":
            assert before[change.path] != after[change.path]
    assert paths.keys() == after.keys()


@given(contents, contents)
def test_the_way_back_undoes_the_way_there(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    there = compare_files(recorded(**before), recorded(**after))
    back = compare_files(recorded(**after), recorded(**before))
    opposite = {"added": "removed", "removed": "added", "changed": "changed", "renamed": "renamed"}
    assert sorted(opposite[change.change] for change in there) == sorted(change.change for change in back)
    assert sum(change.size_after or 0 for change in there) == sum(change.size_before or 0 for change in back)
