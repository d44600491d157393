"""What an editor did to files, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from skills_registry.packages.edits import (
    Edit,
    InvalidEdits,
    edited_file,
    read_edits,
    resolve,
    serialize_edits,
    with_line_ends_of,
)

FILES = {"a.txt": b"a", "b.bin": b"\0"}


def bytes_of(edits: dict[str, Edit]) -> dict[str, bytes | None]:
    return resolve(edits, FILES.__getitem__)


def test_edits_come_back_as_they_were_written_down() -> None:
    sent = {"a.txt": {"text": "new"}, "c.bin": {"from": "b.bin"}, "b.bin": None}
    edits = read_edits(sent)
    assert serialize_edits(edits) == sent
    assert bytes_of(edits) == {"a.txt": b"new", "c.bin": b"\0", "b.bin": None}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], "edits-not-an-object"),
        ("x", "edits-not-an-object"),
        ({"a": 1}, "edit-unknown"),
        ({"a": {}}, "edit-unknown"),
        ({"a": {"text": 1}}, "edit-unknown"),
        ({"a": {"text": "x", "from": "y"}}, "edit-unknown"),
        ({"a": {"base64": "!"}}, "edit-not-base64"),
        ({"a": {"text": "\ud800"}}, "edit-not-unicode"),
    ],
)
def test_what_cannot_be_meant_is_refused(sent: Any, code: str) -> None:
    with pytest.raises(InvalidEdits) as refused:
        read_edits(sent)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"path": "a.txt", "text": "new", "new_path": "a.txt"}, {"a.txt": b"new"}),
        ({"path": "a.txt", "text": "new", "new_path": "c.txt"}, {"a.txt": None, "c.txt": b"new"}),
        ({"path": "a.txt", "text": None, "new_path": "c.txt"}, {"a.txt": None, "c.txt": b"a"}),
        ({"path": "b.bin", "text": None, "new_path": "c.bin"}, {"b.bin": None, "c.bin": b"\0"}),
        ({"path": "a.txt", "text": "new", "new_path": ""}, {"a.txt": None}),
        ({"path": "a.txt", "text": None, "new_path": "a.txt"}, {}),
        ({"path": "", "text": "new", "new_path": "c.txt"}, {"c.txt": b"new"}),
        ({"path": "", "text": "new", "new_path": ""}, {}),
    ],
)
def test_a_form_edits_renames_removes_or_adds_one_file(form: Any, expected: dict[str, bytes | None]) -> None:
    assert bytes_of(edited_file({}, **form)) == expected


def test_a_form_keeps_the_edits_made_before() -> None:
    edits = edited_file({"x": Edit(text="1")}, "a.txt", text="2", new_path="a.txt")
    assert bytes_of(edits) == {"x": b"1", "a.txt": b"2"}
    moved = edited_file({"a.txt": Edit(text="edited")}, "a.txt", text=None, new_path="b.txt")
    assert bytes_of(moved) == {"a.txt": None, "b.txt": b"edited"}


@pytest.mark.parametrize(
    ("before", "sent", "kept"),
    [
        ("a\nb\n", "a\r\nc\r\n", "a\nc\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n", "a\r\nc\r\n"),
        ("a\r\nb\n", "a\r\nc\r\n", "a\nc\n"),
        ("", "a\r\n", "a\n"),
    ],
)
def test_line_ends_stay_what_they_were(before: str, sent: str, kept: str) -> None:
    assert with_line_ends_of(before, sent) == kept
