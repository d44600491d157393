"""Running the official conformance suite, and what came of it, check by check."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node_tools import module, node

PASSED = "SUCCESS"
_TRAFFIC = {"outgoing-request", "incoming-response"}
"""Entries of `checks.json` that only record what was sent."""
_EVERYWHERE = "wire-schema-valid"
"""The check that every scenario has, whatever it tests."""
_HERE = Path(__file__).parent


@dataclass(frozen=True, order=True)
class Check:
    """A check of a scenario and how it ended: SUCCESS, FAILURE, WARNING, SKIPPED or INFO."""

    scenario: str
    name: str
    status: str


@dataclass(frozen=True)
class Outcome:
    """All checks of a run, and what the suite printed."""

    checks: list[Check]
    said: str

    @property
    def passed(self) -> dict[str, int]:
        """How many checks of each scenario passed."""
        passed = Counter(check.scenario for check in self.checks if check.status == PASSED)
        return {check.scenario: passed[check.scenario] for check in self.checks}

    @property
    def not_passed(self) -> set[Check]:
        """Checks that ended in any other way, also those that were left out."""
        return {check for check in self.checks if check.status != PASSED}

    @property
    def vacuous(self) -> set[str]:
        """Scenarios of which nothing passed that they alone test."""
        tested = {check.scenario for check in self.checks if check.status == PASSED and check.name != _EVERYWHERE}
        return {check.scenario for check in self.checks} - tested

    def without(self, prefix: str) -> Outcome:
        """The outcome of the scenarios that are called otherwise."""
        return Outcome([check for check in self.checks if not check.scenario.startswith(prefix)], self.said)


def run(url: str, output: Path, *arguments: str) -> Outcome:
    """Run scenarios against the server at `url`; `arguments` choose which."""
    suite = module("@modelcontextprotocol/conformance/dist/index.js")
    ran = node(suite, "server", "--url", url, "--output-dir", str(output), *arguments)
    folders = sorted(path for path in output.iterdir() if path.is_dir()) if output.is_dir() else []
    assert folders, f"the suite ran nothing:\n{ran.stdout}\n{ran.stderr}"
    return Outcome([check for folder in folders for check in _read(folder)], ran.stdout + ran.stderr)


def not_passing(version: str) -> dict[Check, str]:
    """The checks that may not pass in a revision, with the reason of each."""
    entries = tomllib.loads((_HERE / "not_passing.toml").read_text())["check"]
    return {
        Check(scenario, name, entry["status"]): entry["reason"]
        for entry in entries
        if version in entry["versions"]
        for scenario, names in entry["scenarios"].items()
        for name in names
    }


def counted(version: str) -> dict[str, int]:
    """How many checks of each scenario pass in a revision."""
    counts: dict[str, dict[str, int]] = tomllib.loads((_HERE / "passing.toml").read_text())
    return counts[version]


def _read(folder: Path) -> list[Check]:
    scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$", "", folder.name)
    checks: list[dict[str, Any]] = json.loads((folder / "checks.json").read_text())
    return [Check(scenario, check["id"], check["status"]) for check in checks if check["id"] not in _TRAFFIC]
