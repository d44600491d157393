"""The secret key of an installation that was given none: made once, whole, and for its owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

from mcpsite.secret_key import read_or_create_secret_key

from .support.threads import at_once


def test_key_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret_key"

    key = read_or_create_secret_key(path)
    assert len(key) >= 50
    assert path.read_text() == key
    assert read_or_create_secret_key(path) == key


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    assert read_or_create_secret_key(tmp_path / "a") != read_or_create_secret_key(tmp_path / "b")


def test_key_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    read_or_create_secret_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_key_that_is_there_is_used_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text("given by the operator")
    assert read_or_create_secret_key(path) == "given by the operator"


def test_processes_that_start_at_once_have_the_same_key_and_leave_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"

    keys = set(at_once(lambda _: read_or_create_secret_key(path), range(20)))
    assert keys == {path.read_text()}
    assert list(tmp_path.iterdir()) == [path]
