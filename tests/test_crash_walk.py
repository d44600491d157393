"""A process killed between any two steps of upload and publish leaves nothing that is not whole."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path

from .support.server import ROOT, clean_environment
from .test_infrastructure import environment, init


def walk(tmp_path: Path, **settings: str) -> list[str]:
    """The steps at each of which the process was killed."""
    given = {"DJANGO_SETTINGS_MODULE": "mcpsite.settings", "LOG_LEVEL": "CRITICAL", **settings}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crash_walk"],
        cwd=ROOT,
        env={**clean_environment(tmp_path / "data"), **given},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps: list[str] = json.loads(done.stdout.splitlines()[-1])
    return steps


def test_killed_at_any_step_with_local_files(tmp_path: Path) -> None:
    steps = walk(tmp_path)
    assert set(steps) == {"INSERT", "UPDATE", "DELETE", "commit", "link", "replace"}
    assert steps.count("link") == 5, "the staged zip, three files and the sidecar"


def test_killed_at_any_step_with_s3_and_dynamodb(tmp_path: Path, ministack_url: str) -> None:
    suffix = uuid.uuid4().hex[:8]
    names = {"S3_SKILLS_BUCKET": f"crash-{suffix}", "DYNAMODB_SKILLS_TABLE": f"crash-{suffix}"}
    assert init(ministack_url, ministack_url, **names).returncode == 0
    steps = walk(tmp_path, **environment(ministack_url, ministack_url, **names))
    assert {"INSERT", "UPDATE", "DELETE", "commit", "PutObject", "DeleteObject", "TransactWriteItems"} <= set(steps)
