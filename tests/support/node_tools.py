"""What tests/node/package.json installs, and the Node that runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .patience import PATIENCE_SECONDS
from .server import ROOT

MODULES = ROOT / ".venv" / "node" / "node_modules"
SCRIPTS = ROOT / "tests" / "node"
ENDS_WITHIN = 3 * PATIENCE_SECONDS


def module(path: str) -> Path:
    """A file of an installed package; skips the test where it is missing."""
    found = MODULES / path
    if not found.exists():
        pytest.skip(f"{path} is not installed: scripts/install-node (needs npm)")
    return found


def node(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script on the Node that was installed for the tests; its output is kept."""
    return subprocess.run(
        [module(".bin/node"), script, *arguments],
        cwd=SCRIPTS,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN,
        check=False,
    )


def answer_of(script: str, *arguments: str) -> Any:
    """What a script of tests/node prints as JSON."""
    ran = node(SCRIPTS / script, *arguments)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return json.loads(ran.stdout)
