"""Runs the tests that need SQL on a temporary PostgreSQL; arguments are passed to pytest.

Uses the server of TEST_POSTGRESQL_URL, or starts an installed PostgreSQL.
"""

from __future__ import annotations

import os
import subprocess
import sys

from .postgresql_server import binaries, postgresql
from .server import ROOT

SELECTED = "django_db and not aws and not sqlite"
NOTHING_SELECTED = 5
"""Pytest's exit status if the arguments select none of these tests."""


def main() -> int:
    """Return pytest's exit status; 0 without PostgreSQL unless SKIPS_FAIL is set."""
    if given := os.environ.get("TEST_POSTGRESQL_URL"):
        return _run_tests(given)
    found = binaries()
    if found is None:
        sys.stdout.write("PostgreSQL is not installed: the tests of SQL ran on SQLite alone.\n")
        return 1 if os.environ.get("SKIPS_FAIL") else 0
    with postgresql(found) as server:
        return _run_tests(server.url)


def _run_tests(url: str) -> int:
    command = [sys.executable, "-m", "pytest", "-m", SELECTED, *sys.argv[1:]]
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=False).returncode
    return 0 if status == NOTHING_SELECTED else status


if __name__ == "__main__":
    sys.exit(main())
