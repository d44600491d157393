"""What the product writes can be read by its owner alone."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .support.server import Server, manage

COMMANDS = {"make run": "quickstart", "image": "serve"}
OTHERS = 0o077


@pytest.fixture
def generous() -> Iterator[None]:
    """A shell whose files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def loose(folder: Path) -> list[tuple[str, str]]:
    """What others may do something with, and what, the folder itself included."""
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*")) if not path.is_symlink()}
    return [(str(path.relative_to(folder)), oct(mode)) for path, mode in modes.items() if mode & OTHERS]


@pytest.mark.parametrize("start", COMMANDS)
def test_no_other_user_reads_what_is_written(generous: None, tmp_path: Path, start: str) -> None:
    data = tmp_path / "data"
    if start == "image":
        assert manage(data, "migrate", "-v0").returncode == 0
        assert manage(data, "import_skills", "examples/skills", "--publish").returncode == 0
    with Server([sys.executable, "manage.py", COMMANDS[start]], data, MCP_REQUIRE_AUTH="false") as server:
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        headers = {"accept": "application/json", "mcp-protocol-version": "2025-11-25"}
        assert httpx.post(f"{server.url}/mcp", json=call, headers=headers).status_code == 200
        running = loose(data)
    written = {path.name for path in data.rglob("*")}
    assert {"db.sqlite3", "store", "secret_key", "SKILL.md"} <= written
    assert (running, loose(data)) == ([], [])


def test_folder_of_an_older_release_is_closed_and_that_is_said(generous: None, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert manage(data, "migrate", "-v0").returncode == 0
    for path in (data, data / "db.sqlite3", data / "secret_key"):
        path.chmod(0o755)

    first, second = manage(data, "check"), manage(data, "check")
    assert loose(data) == []
    for name in ("data", "db.sqlite3", "secret_key"):
        assert f"{name} was readable by other users (mode 755)" in first.stderr
    assert "other users" not in second.stderr


def test_folder_that_is_shared_by_all_users_stays_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o1777)
    said = manage(data, "check").stderr
    assert stat.S_IMODE(data.stat().st_mode) == 0o1777
    assert "is a shared folder" in said
