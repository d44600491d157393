"""Folders on disk: judged by the rules that hold for zips, with the same result."""

from __future__ import annotations

import io
import os
import socket
import zipfile
from pathlib import Path

import pytest

from skills_registry.packages.archive import read_archive
from skills_registry.packages.folder import find_skills, read_folder
from skills_registry.packages.package import Limits
from skills_registry.packages.problems import InvalidSkill
from tests.samples.zip_writer import SKILL_MD


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A folder with a valid skill of some files."""
    folder = tmp_path / "my-skill"
    write(folder / "SKILL.md", SKILL_MD)
    write(folder / "scripts/run.py", b"print()\n")
    write(folder / "references/r\u00e9sum\u00e9.md", b"text\r\n")
    write(folder / "assets/deep/er/data.bin", bytes(range(256)))
    write(folder / "empty", b"")
    return folder


def write(path: Path, content: bytes = b"text\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zip_of(folder: Path, *, top: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.rglob("*"), reverse=True):
            archive.write(path, top + path.relative_to(folder).as_posix())
    return data.getvalue()


def error_codes(folder: Path, limits: Limits | None = None) -> list[str]:
    with pytest.raises(InvalidSkill) as refused:
        read_folder(folder, limits)
    return [problem.code for problem in refused.value.errors]


@pytest.mark.parametrize("top", ["", "my-skill/"])
def test_a_folder_and_its_zip_are_the_same_package(skill: Path, top: str) -> None:
    assert read_folder(skill) == read_archive(zip_of(skill, top=top))


def test_a_folder_keeps_every_file_to_the_byte(skill: Path) -> None:
    assert {file.path: file.content for file in read_folder(skill).files} == {
        "SKILL.md": SKILL_MD,
        "assets/deep/er/data.bin": bytes(range(256)),
        "empty": b"",
        "references/r\u00e9sum\u00e9.md": b"text\r\n",
        "scripts/run.py": b"print()\n",
    }


def test_folder_of_another_name_is_a_warning_or_an_error_as_the_installation_wants(skill: Path) -> None:
    other = skill.rename(skill.with_name("other"))
    assert [problem.code for problem in read_folder(other).warnings] == ["name-not-folder"]
    assert error_codes(other, Limits(require_folder_name=True)) == ["name-not-folder"]


def test_the_name_is_compared_with_the_real_folder_however_it_is_reached(
    skill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = skill.with_name("link")
    link.symlink_to(skill)
    assert read_folder(link).manifest.name == "my-skill"
    monkeypatch.chdir(skill)
    assert read_folder(Path()).manifest.name == "my-skill"


def test_what_systems_leave_behind_is_left_out(skill: Path) -> None:
    digest = read_folder(skill).digest
    for junk in (
        ".DS_Store",
        "scripts/__pycache__/run.cpython-311.pyc",
        ".git/HEAD",
        "__MACOSX/._SKILL.md",
        "Thumbs.db",
    ):
        write(skill / junk)
    (skill / ".git/link").symlink_to("/etc/passwd")
    package = read_folder(skill)
    assert package.digest == digest
    assert [warning.code for warning in package.warnings] == ["junk-dropped"]
    paths = package.warnings[0].params["paths"]
    assert isinstance(paths, list)
    assert "scripts/__pycache__/" in paths


def test_hidden_files_of_the_author_are_kept(skill: Path) -> None:
    write(skill / ".gitignore")
    write(skill / "assets/.env.example")
    assert {".gitignore", "assets/.env.example"} < {file.path for file in read_folder(skill).files}


@pytest.mark.parametrize("target", ["SKILL.md", "/etc/passwd", "../..", "nowhere"])
def test_a_link_is_refused_wherever_it_leads(skill: Path, target: str) -> None:
    (skill / "scripts/link").symlink_to(target)
    assert error_codes(skill) == ["entry-symlink"]


def test_a_linked_skill_md_is_not_also_called_missing(skill: Path) -> None:
    (skill / "SKILL.md").rename(skill / "other.md")
    (skill / "SKILL.md").symlink_to("other.md")
    assert error_codes(skill) == ["entry-symlink"]


def test_a_pipe_and_a_socket_are_refused_without_being_opened(skill: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(skill / "pipe")
    monkeypatch.chdir(skill)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert error_codes(skill) == ["entry-special"] * 2


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (b"caf\xe9.md", "path-not-utf8"),
        (b"a\\b.md", "path-backslash"),
        (b"a\nb.md", "path-control-character"),
        ("a\u202eb.md".encode(), "path-control-character"),
        (b"C:evil.md", "path-drive"),
        (b"skill.MD", "path-collision"),
        (b"Scripts", "path-collision"),
    ],
)
def test_a_file_name_is_judged_as_in_a_zip(skill: Path, name: bytes, code: str) -> None:
    (Path(os.fsdecode(os.fsencode(skill) + b"/" + name))).write_bytes(b"")
    assert error_codes(skill) == [code]


def test_a_path_that_is_too_long_is_not_followed(skill: Path) -> None:
    write(skill / ("d" * 200 + "/") / ("e" * 200) / ("f" * 200) / "g")
    assert error_codes(skill) == ["path-too-long"]


def test_problems_of_files_and_manifest_are_told_at_once(skill: Path) -> None:
    write(skill / "SKILL.md", b"---\nname: My-Skill\n---\n")
    write(skill / "a\\b")
    (skill / "link").symlink_to("a")
    assert sorted(error_codes(skill)) == [
        "body-empty",
        "entry-symlink",
        "field-missing",
        "name-invalid",
        "path-backslash",
    ]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(files=5), []),
        (Limits(files=4), ["too-many-files"]),
        (Limits(total_bytes=len(SKILL_MD) + 8 + 6 + 256), []),
        (Limits(total_bytes=len(SKILL_MD) + 8 + 6 + 255), ["package-too-large"]),
    ],
)
def test_the_limits_are_those_of_zips(skill: Path, limits: Limits, expected: list[str]) -> None:
    if expected:
        assert error_codes(skill, limits) == expected
    else:
        assert len(read_folder(skill, limits).files) == 5


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert error_codes(tmp_path) == ["package-empty"]


def test_a_folder_around_the_skill_is_looked_into(skill: Path) -> None:
    assert read_folder(skill.parent).digest == read_folder(skill).digest


def test_a_folder_that_is_not_there_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_folder(tmp_path / "nowhere")


def test_skills_are_found_in_any_depth_in_order(tmp_path: Path) -> None:
    for path in ("b/SKILL.md", "a/one/SKILL.md", "a/two/skill.md", "c/deep/er/SKILL.md", "zips/x.zip", "zips/Y.SKILL"):
        write(tmp_path / path)
    found = [path.relative_to(tmp_path).as_posix() for path in find_skills(tmp_path)]
    assert found == ["a/one", "a/two", "b", "c/deep/er", "zips/Y.SKILL", "zips/x.zip"]


def test_a_skill_inside_a_skill_belongs_to_it(tmp_path: Path) -> None:
    write(tmp_path / "outer/SKILL.md")
    write(tmp_path / "outer/examples/inner/SKILL.md")
    assert list(find_skills(tmp_path)) == [tmp_path / "outer"]


def test_a_skill_or_a_zip_by_itself_is_found(skill: Path, tmp_path: Path) -> None:
    archive = write(tmp_path / "any-name")
    assert list(find_skills(skill)) == [skill]
    assert list(find_skills(archive)) == [archive]


def test_links_junk_and_other_files_are_no_skills(tmp_path: Path) -> None:
    write(tmp_path / "README.md")
    write(tmp_path / ".git/hooks/SKILL.md")
    write(tmp_path / "__MACOSX/x/SKILL.md")
    write(tmp_path / "._x.zip")
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(find_skills(tmp_path)) == []
