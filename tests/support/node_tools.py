"""The packages of tests/node/package.json, and the Node that runs them."""

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
    """Return a file of an installed package; skip the test if it is missing."""
    found = MODULES / path
    if not found.exists():
        pytest.skip(f"{path} is not installed: scripts/install-node (needs npm)")
    return found


def node(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script on the tests' Node; capture its output."""
    return subprocess.run(
        [module(".bin/node"), script, *arguments],
        cwd=SCRIPTS,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN,
        check=False,
    )


def answer_of(script: str, *arguments: str) -> Any:
    """Return the JSON that a script of tests/node prints."""
    ran = node(SCRIPTS / script, *arguments)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return json.loads(ran.stdout)
