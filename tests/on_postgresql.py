"""Runs the tests that need SQL on a PostgreSQL of their own; arguments go to pytest.

Takes the server that TEST_POSTGRESQL_URL names, or starts one from what is installed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server import ROOT, free_port

SELECTED = "django_db and not aws and not sqlite"
NOTHING_SELECTED = 5
"""Pytest's exit status where the arguments choose other tests."""


def main() -> int:
    """The exit status of pytest; 0 where there is no PostgreSQL, unless nothing may be missing (SKIPS_FAIL)."""
    if given := os.environ.get("TEST_POSTGRESQL_URL"):
        return _run_tests(given)
    binaries = _binaries()
    if binaries is None:
        sys.stdout.write("PostgreSQL is not installed: the tests of SQL ran on SQLite alone.\n")
        return 1 if os.environ.get("SKIPS_FAIL") else 0
    with _server(binaries) as url:
        return _run_tests(url)


def _run_tests(url: str) -> int:
    command = [sys.executable, "-m", "pytest", "-m", SELECTED, *sys.argv[1:]]
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=False).returncode
    return 0 if status == NOTHING_SELECTED else status


def _binaries() -> Path | None:
    """Where initdb and postgres are; Debian has them outside the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(debian[-1]) if debian else None)
    return Path(found).resolve().parent if found else None


@contextmanager
def _server(binaries: Path) -> Iterator[str]:
    """A throw-away server; its URL. PostgreSQL refuses to run as root, so it then runs as its own account."""
    port = free_port()
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="skillkeeper-postgresql-") as folder:
        if become:
            shutil.chown(folder, user, user)
        data = f"{folder}/data"
        made = [f"{binaries}/initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "-D", data]
        subprocess.run([*become, *made], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        control = [*become, f"{binaries}/pg_ctl", "-D", data, "-w", "-s"]
        subprocess.run([*control, "-l", f"{folder}/log", "-o", options, "start"], check=True, cwd=folder)
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=folder)


if __name__ == "__main__":
    sys.exit(main())
