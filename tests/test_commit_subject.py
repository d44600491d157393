"""Subjects of commits are short enough to be read in a list."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .support.server import ROOT


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        ("A subject\n", True),
        ("x" * 71, True),
        ("x" * 72, False),
        ("技" * 71, True),
        ("A subject\n\n" + "x" * 100, True),
        ("# a comment of git, which is no part of the message and may be as long as it likes to\n\nA subject\n", True),
        ("\n" + "x" * 72 + "\n\nA body\n", False),
        ("fixup! " + "x" * 71, True),
        ("fixup! fixup! " + "x" * 72, False),
        ("", True),  # git itself refuses it
    ],
)
def test_subject_has_fewer_than_72_characters(message: str, accepted: bool, tmp_path: Path) -> None:
    (tmp_path / "message").write_text(message)
    checked = subprocess.run([ROOT / "scripts/check-subject", tmp_path / "message"], check=False, capture_output=True)
    assert (checked.returncode == 0) is accepted
