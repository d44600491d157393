"""Which packages there are among files and folders that were dropped together."""

from __future__ import annotations

import pytest

from skills_registry.packages.archive import read_archive
from skills_registry.packages.dropped_files import sort_into_packages
from skills_registry.packages.zip_writing import write_zip

from .support.packages import skill_md


def found(*paths: str) -> tuple[list[str], list[tuple[str, list[str]]], list[str]]:
    """Archives by path, packages by name and paths, and what belongs to neither."""
    dropped = sort_into_packages(list(paths))
    for bundle in dropped.bundles:
        assert all(paths[index].endswith(path) for path, index in bundle.files.items())
    archives = [paths[index] for index in dropped.archives]
    return archives, [(bundle.name, list(bundle.files)) for bundle in dropped.bundles], dropped.left_out


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.zip", "b.skill"], (["a.zip", "b.skill"], [], [])),
        (["SKILL.md", "x/y.txt"], ([], [("files.zip", ["SKILL.md", "x/y.txt"])], [])),
        (["greeter/SKILL.md", "greeter/a.zip"], ([], [("greeter.zip", ["greeter/SKILL.md", "greeter/a.zip"])], [])),
        (
            ["repo/README.md", "repo/one/SKILL.md", "repo/one/a.txt", "repo/two/SKILL.md", "repo/three.zip"],
            (
                ["repo/three.zip"],
                [("one.zip", ["one/SKILL.md", "one/a.txt"]), ("two.zip", ["two/SKILL.md"])],
                ["repo/README.md"],
            ),
        ),
        (["a/SKILL.md", "a/nested/SKILL.md"], ([], [("a.zip", ["a/SKILL.md", "a/nested/SKILL.md"])], [])),
        (["a/SKILL.md", "ab/SKILL.md"], ([], [("a.zip", ["a/SKILL.md"]), ("ab.zip", ["ab/SKILL.md"])], [])),
        (["a/skill.md", "a/b.txt"], ([], [("a.zip", ["a/skill.md", "a/b.txt"])], [])),
        (["notes.txt", "more.txt"], ([], [("files.zip", ["notes.txt", "more.txt"])], [])),
        (["a.zip", "notes.txt", ".DS_Store"], (["a.zip"], [], ["notes.txt"])),
        ([], ([], [], [])),
    ],
)
def test_packages_are_found_by_their_skill_md(
    paths: list[str], expected: tuple[list[str], list[tuple[str, list[str]]], list[str]]
) -> None:
    assert found(*paths) == expected


def test_packed_files_pass_the_rules_of_zips_and_are_the_same_bytes_each_time() -> None:
    files = [("greeter/SKILL.md", skill_md().encode()), ("greeter/ü/👋.bin", b"\0" * 1000)]
    package = read_archive(write_zip(files))
    assert [(file.path, file.content) for file in package.files] == [
        (path.removeprefix("greeter/"), content) for path, content in files
    ]
    assert write_zip(files) == write_zip(files)
