"""The worst packages that there can be, brought to a real server: what each request costs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest

from .support.budget_world import World, ask_all, ask_with_large_arguments, inspect_at_once, inspect_upload, serving
from .support.prepared import Prepared
from .support.worst_packages import chinese

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

CPU_SECONDS = 3.0
"""Two are the goal, on a core that does nothing else (`benchmarks/worst_packages.py`); a busy one takes longer."""
OWN_CPU_SECONDS = 1.5
"""Of the process that serves, as a rule well below a second: calls would wait for it. Children do what takes longer."""
MEMORY_BYTES = 300 * 1024 * 1024
EIGHT_BYTES = 1024 * 1024 * 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[World]:
    with serving(shutil.copytree(prepared.operated, tmp_path_factory.mktemp("budgets") / "data")) as world:
        yield world


def costly(world: World) -> dict[str, object]:
    """The requests that cost more than they may."""
    return {
        what: use
        for what, use in world.costs.items()
        if use.cpu_seconds > CPU_SECONDS or use.own_cpu_seconds > OWN_CPU_SECONDS or use.memory_bytes > MEMORY_BYTES
    }


def test_no_request_about_a_package_costs_more_than_its_budget(world: World) -> None:
    ask_all(world)
    assert costly(world) == {}


def test_eight_at_once_take_no_more_memory_than_their_uploads_and_two_workers(world: World) -> None:
    inspect_upload(world, "Chinese", chinese())
    with world.tree.use() as use:
        assert inspect_at_once(world, 8) == [200] * 8
    assert use.memory_bytes < EIGHT_BYTES


def test_calls_that_ask_for_very_much_are_within_the_budget(world: World) -> None:
    ask_with_large_arguments(world)
    assert costly(world) == {}
