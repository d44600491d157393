"""Zips as files: the odd ones that are valid come in, the others are refused with one reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from skills_registry.packages.archive import read_archive
from skills_registry.packages.package import Limits
from skills_registry.packages.problems import LISTED_MAX, InvalidSkill
from skills_registry.texts.render import render_problem
from tests.samples.make_archives import FOLDER, samples
from tests.samples.oversized import OVERSIZED_ARCHIVES
from tests.samples.zip_writer import SKILL, SKILL_MD, Item, zipped

ACCEPTED = sorted((FOLDER / "accept").glob("*.zip"))
REFUSED = sorted((FOLDER / "reject").glob("*.zip"))

WARNINGS = {
    "backslashes": ["names-with-backslashes"],
    "big5-names": ["name-encoding"],
    "code-page-437-name": ["name-encoding"],
    "dots": ["path-not-portable"] * 2,
    "euc-kr-names": ["name-encoding"],
    "files-that-are-not-there": ["file-outside-package", "file-missing"],
    "folder-in-capitals": ["name-not-folder"],
    "folder-of-repository": ["name-not-folder"],
    "gbk-names": ["name-encoding"],
    "linux-checkout": ["junk-dropped"],
    "macos": ["junk-dropped"],
    "nested-skills": ["skill-md-inner"],
    "not-on-windows": ["path-not-portable"] * 4,
    "shift-jis-names": ["name-encoding"],
    "windows": ["junk-dropped"],
    "windows-1251-names": ["name-encoding"],
}
PATHS = {
    "backslashes": ["SKILL.md", "scripts/run.ps1"],
    "big5-names": ["SKILL.md", "參考/使用說明.md"],
    "code-page-437-name": ["SKILL.md", "café.md"],
    "euc-kr-names": ["SKILL.md", "참고/문서.md"],
    "gbk-names": ["SKILL.md", "参考/使用说明.md"],
    "shift-jis-names": ["SKILL.md", "スクリプト/表示.py"],
    "unicode-path-field-for-lost-name": ["SKILL.md", "使用说明.md"],
    "windows-1251-names": ["SKILL.md", "справка/документы.md"],
    "dot-slash": ["SKILL.md", "scripts/run.py"],
    "dos-folder-without-slash": ["SKILL.md", "docs/a.md"],
    "empty-folder-beside": ["SKILL.md"],
    "folder-entries": ["SKILL.md"],
    "linux-checkout": [".gitignore", "SKILL.md"],
    "macos": ["SKILL.md", "re\u0301sume\u0301.md"],
    "nested-skills": ["SKILL.md", "examples/other/SKILL.md"],
    "root-level": ["SKILL.md", "references/more.md", "scripts/run.py"],
    "single-folder": ["SKILL.md", "scripts/run.py"],
    "unicode-path-field": ["SKILL.md", "café.md"],
    "unicode-path-field-of-other-name": ["SKILL.md", "renamed.md"],
    "utf8-without-flag": ["SKILL.md", "技能.md"],
    "windows": ["SKILL.md", "scripts/run.ps1"],
    "zip64": ["SKILL.md", "a.txt"],
}


def name_of(path: Path) -> str:
    return path.stem


def error_codes(data: bytes, limits: Limits | None = None) -> list[str]:
    with pytest.raises(InvalidSkill) as refused:
        read_archive(data, limits)
    return [problem.code for problem in refused.value.errors]


@pytest.mark.parametrize("path", ACCEPTED, ids=name_of)
def test_an_odd_but_valid_zip_is_accepted(path: Path) -> None:
    package = read_archive(path.read_bytes())
    assert package.manifest.name == "my-skill"
    assert [warning.code for warning in package.warnings] == WARNINGS.get(path.stem, [])


@pytest.mark.parametrize("name", PATHS)
def test_the_files_of_an_odd_zip_have_the_paths_their_author_gave_them(name: str) -> None:
    package = read_archive((FOLDER / "accept" / f"{name}.zip").read_bytes())
    assert [file.path for file in package.files] == PATHS[name]


def test_a_zip_inside_a_zip_is_a_file_like_any_other() -> None:
    inner = {item.path: item.content for item in read_archive((FOLDER / "accept/nested-zip.zip").read_bytes()).files}
    assert inner["assets/inner.zip"].startswith(b"PK\x03\x04")
    assert inner["assets/inner.zip"] == inner["assets/template.docx"]


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_a_bad_zip_is_refused_for_its_one_reason(path: Path) -> None:
    assert error_codes(path.read_bytes()) == [path.stem.partition("--")[0]]


@pytest.mark.parametrize("name", OVERSIZED_ARCHIVES)
def test_an_oversized_zip_is_refused_for_its_one_reason(name: str) -> None:
    assert error_codes(OVERSIZED_ARCHIVES[name]()) == [name.partition("--")[0]]


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_every_refusal_says_what_is_wrong_and_how_to_mend_it(path: Path) -> None:
    with pytest.raises(InvalidSkill) as refused:
        read_archive(path.read_bytes())
    for problem in map(render_problem, refused.value.errors):
        assert problem["message"]
        assert problem["hint"].endswith((".", '"'))
        assert (problem["file"] + problem["message"]).isprintable()


def test_the_files_are_what_the_script_makes() -> None:
    assert {path: path.read_bytes() for path in FOLDER.glob("*/*")} == samples()


def test_no_sample_is_large() -> None:
    assert max(path.stat().st_size for path in FOLDER.glob("*/*")) < 50 * 1024


def test_the_longest_possible_comment_is_accepted() -> None:
    assert read_archive(zipped(SKILL, comment=b"PK\x05\x06" + b"c" * 65_531)).size == len(SKILL_MD)


@pytest.mark.parametrize(("files", "accepted"), [(3, True), (2, False)])
def test_the_number_of_files_is_limited_by_a_setting(files: int, accepted: bool) -> None:
    data = zipped(SKILL, Item("a"), Item("folder/", b""), Item("b"), Item(".DS_Store"))
    if accepted:
        assert len(read_archive(data, Limits(files=files)).files) == files
    else:
        assert error_codes(data, Limits(files=files)) == ["too-many-files"]


@pytest.mark.parametrize(("spare", "expected"), [(0, []), (-1, ["package-too-large"])])
def test_the_bytes_of_all_files_are_limited_by_a_setting(spare: int, expected: list[str]) -> None:
    data = zipped(SKILL, Item("a", bytes(1000)), Item(".DS_Store", bytes(5000)))
    limits = Limits(total_bytes=len(SKILL_MD) + 1000 + spare)
    if expected:
        assert error_codes(data, limits) == expected
    else:
        assert read_archive(data, limits).size == limits.total_bytes


@pytest.mark.parametrize(("spare", "expected"), [(0, []), (-1, ["archive-too-large"])])
def test_the_zip_itself_is_limited_by_a_setting(spare: int, expected: list[str]) -> None:
    data = zipped(SKILL)
    limits = Limits(archive_bytes=len(data) + spare)
    if expected:
        assert error_codes(data, limits) == expected
    else:
        assert read_archive(data, limits).size == len(SKILL_MD)


def test_a_long_description_is_accepted_with_a_warning_where_the_setting_says_so() -> None:
    data = zipped(Item("SKILL.md", SKILL_MD.replace(b"Shows", b"Shows " * 200)))
    assert error_codes(data) == ["description-too-long"]
    package = read_archive(data, Limits(allow_long_description=True))
    assert [warning.code for warning in package.warnings] == ["description-too-long"]


def test_all_problems_of_a_zip_are_told_at_once() -> None:
    data = zipped(
        Item("my-skill/SKILL.md", b"---\nname: My Skill\nlicense: [MIT]\n---\n"),
        Item("my-skill/../evil"),
        Item("my-skill/link", b"/etc/passwd", mode=0o120777),
        Item("my-skill/README.md"),
        Item("my-skill/readme.md"),
        Item("my-skill/broken", local={"crc": 1}, central={"crc": 1}),
        Item("my-skill/huge", bytes(5000)),
    )
    assert sorted(error_codes(data, Limits(total_bytes=4000))) == [
        "body-empty",
        "entry-damaged",
        "entry-symlink",
        "field-missing",
        "field-not-text",
        "name-invalid",
        "package-too-large",
        "path-collision",
        "path-traversal",
    ]


def test_too_many_files_do_not_hide_what_is_wrong_with_the_manifest() -> None:
    data = zipped(Item("SKILL.md", SKILL_MD.replace(b"my-skill", b"My-Skill")), Item("a"), Item("b"))
    assert error_codes(data, Limits(files=2)) == ["too-many-files", "name-invalid"]


def test_a_missing_skill_md_is_told_beside_other_problems() -> None:
    assert error_codes(zipped(Item("a.md"), Item("../b.md"))) == ["path-traversal", "skill-md-missing"]


def test_a_report_ends_after_so_many_errors() -> None:
    with pytest.raises(InvalidSkill) as refused:
        read_archive(zipped(SKILL, Item("a/b"), *(Item(f"..\\{number}") for number in range(700))))
    *listed, last = refused.value.errors
    assert [problem.code for problem in listed] == ["path-backslash"] * LISTED_MAX
    assert (last.code, last.params) == ("more-problems", {"case": "error", "limit": LISTED_MAX})


def test_a_report_ends_after_so_many_warnings() -> None:
    *listed, last = read_archive(zipped(SKILL, *(Item(f"{number}?") for number in range(300)))).warnings
    assert [problem.code for problem in listed] == ["path-not-portable"] * LISTED_MAX
    assert (last.code, last.params) == ("more-problems", {"case": "warning", "limit": LISTED_MAX})
