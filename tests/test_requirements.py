"""What is installed: exact versions with hashes of everything that pyproject.toml asks for, the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mcp_gateway.server_info import VERSION

from .support.server import ROOT
from .support.sources import pyproject

LOCKED = sorted((ROOT / "requirements").glob("*.txt"))
GROUPS: dict[str, Any] = pyproject()["dependency-groups"]
RUNTIME: list[str] = pyproject()["project"]["dependencies"]
ASKED = {"runtime": RUNTIME, **GROUPS, "dev": RUNTIME + GROUPS["dev"]}


def pins(path: Path) -> dict[str, str]:
    """The locked version of each package, by its normal name."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!]+) \\$", path.read_text(), re.M)
    return {canonicalize_name(name): version for name, version in found}


def test_every_set_of_requirements_is_locked() -> None:
    assert [path.stem for path in LOCKED] == sorted(ASKED)


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_locked_versions_are_those_that_are_asked_for(path: Path) -> None:
    """Where this fails, run `make lock`."""
    versions = pins(path)
    asked = [Requirement(line) for line in ASKED[path.stem]]
    assert [str(r) for r in asked if not r.specifier.contains(versions.get(canonicalize_name(r.name), "0"))] == []


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_every_locked_package_has_one_version_and_hashes_and_no_place(path: Path) -> None:
    text = path.read_text()
    entries = re.findall(r"^\S.*(?:\n    --hash.*)*", re.sub(r"^\s*#.*\n", "", text, flags=re.M), re.M)
    assert len(entries) == len(pins(path)) > 0
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    runtime, dev = (pins(ROOT / f"requirements/{name}.txt") for name in ("runtime", "dev"))
    assert {name: dev.get(name) for name in runtime} == runtime


def test_usual_file_leads_to_what_is_locked() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r requirements/runtime.txt"]


def test_changelog_and_code_name_the_same_version() -> None:
    released = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[:1] in ([], [VERSION])


def test_pre_commit_runs_every_step_of_the_check() -> None:
    steps = re.search(r"set -- (.+)$", (ROOT / "scripts/check").read_text(), re.M)
    assert steps is not None
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    commands = [hook["entry"] for hook in hooks]
    assert commands == [*(f"scripts/check {step}" for step in steps[1].split()), "scripts/check-subject"]
