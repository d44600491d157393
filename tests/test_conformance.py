"""The official conformance suite against the product, in every revision it knows.

`conformance/passing.toml` says how many checks of each scenario pass, so that none can pass by testing
nothing; `conformance/not_passing.toml` says which do not, and why. Both must be exactly true.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .conformance.suite import Outcome, counted, not_passing, run
from .support.server import Server

pytest_plugins = ["tests.conformance.world"]

VERSIONS = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]
SKILLS = ["sep-2640-skills-enumeration", "sep-2640-skills-manifest", "sep-2640-skills-directory"]


def url(server: Server) -> str:
    """By the one host name that the suite's DNS rebinding scenario works with."""
    return f"http://localhost:{server.port}/mcp"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_scenario_of_a_revision(official_server: Server, tmp_path: Path, version: str) -> None:
    outcome = run(url(official_server), tmp_path, "--suite", "all", "--spec-version", version)

    expect(outcome, version)
    assert set(outcome.passed) == set(counted(version)) - set(SKILLS)


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("scenario", SKILLS)
def test_skills_extension(official_server: Server, tmp_path: Path, version: str, scenario: str) -> None:
    outcome = run(url(official_server), tmp_path, "--scenario", scenario, "--spec-version", version, "--force")

    expect(outcome, version)
    assert set(outcome.passed) == {scenario}


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_what_a_revision_required_when_it_was_released(official_server: Server, tmp_path: Path, version: str) -> None:
    outcome = run(url(official_server), tmp_path, "--requirements", version)

    # Tasks are an extension that this server does not declare; the suite runs them all the same, and scores none.
    expect(outcome.without("tasks-"), version)
    assert len(outcome.passed) > 30


@pytest.mark.parametrize("version", VERSIONS)
def test_every_reason_is_for_a_scenario_of_its_revision(version: str) -> None:
    assert {check.scenario for check in not_passing(version)} <= set(counted(version))


def expect(outcome: Outcome, version: str) -> None:
    """Fail unless exactly the expected checks of these scenarios passed, and exactly the excused ones did not."""
    excused = {check for check in not_passing(version) if check.scenario in outcome.passed}
    print(outcome.said)  # noqa: T201  # shown where the test fails

    assert outcome.not_passed == excused
    assert outcome.passed == {scenario: counted(version)[scenario] for scenario in outcome.passed}
    assert outcome.vacuous <= {check.scenario for check in excused}
