"""The server that the official suites and clients talk to: the product, with skills of every shape live.

A plugin: test modules that want it say `pytest_plugins = ["tests.conformance.world"]`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.support.prepared import Prepared
from tests.support.server import UVICORN, Server, manage

from .skills import ATLAS

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.conformance.settings", "MCP_REQUIRE_AUTH": "false"}


@pytest.fixture(scope="session")
def official_server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    """The server, on a folder of its own; one for all, so what it is asked must not hang on what it was asked."""
    folder = tmp_path_factory.mktemp("official")
    data, atlas = folder / "data", folder / "skills" / "atlas"
    for path, content in ATLAS.items():
        (atlas / path).parent.mkdir(parents=True, exist_ok=True)
        (atlas / path).write_bytes(content)
    shutil.copytree(prepared.examples, data)
    done = manage(data, "import_skills", "--publish", str(atlas), **SETTINGS)
    assert done.returncode == 0, done.stdout + done.stderr
    with Server(UVICORN, data, **SETTINGS) as server:
        yield server
    assert "Traceback" not in server.output
