"""Data folders prepared by the product's commands, created once per run and then copied.

A management command takes seconds as a process, and most tests with real servers need the same ones.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from .server import manage

OPERATOR, OPERATORS_PASSWORD = "olga", "olgas-password"


class Prepared(NamedTuple):
    """Folders to copy, never to serve from. All have a migrated database and collected static files."""

    empty: Path
    """Nothing else."""
    examples: Path
    """The example skills are live."""
    operated: Path
    """With OPERATOR, a superuser."""
    token: str
    """An access token of OPERATOR."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The folders of this run, shared by the processes of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "prepared"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = tmp_path_factory.mktemp("preparing")
            prepare(making)
            making.rename(folder)
    return _folders(folder, (folder / "token").read_text())


def prepare(folder: Path) -> Prepared:
    """Create the folders in `folder`."""
    found = _folders(folder, "")
    _run(found.empty, "migrate", "-v0")
    _run(found.empty, "collectstatic", "-v0", "--no-input")
    for copy in (found.examples, found.operated):
        shutil.copytree(found.empty, copy)
    _run(found.examples, "import_skills", "examples/skills", "--publish")
    _run(found.operated, "createsuperuser", "--no-input", "--username", OPERATOR, "--email", "olga@example.com")
    token = _run(found.operated, "create_token", "--user", OPERATOR).splitlines()[0]
    (folder / "token").write_text(token)
    return found._replace(token=token)


def _folders(folder: Path, token: str) -> Prepared:
    return Prepared(folder / "empty", folder / "examples", folder / "operated", token)


def _run(data: Path, *arguments: str) -> str:
    done = manage(data, *arguments, DJANGO_SUPERUSER_PASSWORD=OPERATORS_PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
