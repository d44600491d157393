"""What the storage benchmark counts, on a small installation: AWS requests, never time."""

from __future__ import annotations

import json
import subprocess
import sys

from .support.server import ROOT, STARTS_WITHIN


def test_start_refresh_and_calls_ask_aws_for_what_changed_and_no_more() -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks.storage",
        "--skills",
        "12",
        "--versions",
        "2",
        "--calls",
        "50",
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=2 * STARTS_WITHIN, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    for asked in (found["start"]["requests"], found["refresh"]["requests"], found["calls"]["requests_meanwhile"]):
        # The recorder looks once a minute for calls that another replica has left in the bucket.
        assert asked.pop("ListObjectsV2", 0) <= 1 + found["calls"]["calls"] // 100
    assert found["start"]["skills"] == 12
    assert found["start"]["requests"] == {"GetItem": 2, "Query": 1}, "one query, and the head before and after"
    assert found["refresh"]["requests"].pop("GetItem") >= 2
    assert found["refresh"]["requests"] == {"BatchGetItem": 1}, "just the skill that changed, and no file"
    assert set(found["calls"]["requests_meanwhile"]) <= {"GetItem", "TransactWriteItems"}
    assert sum(found["calls"]["requests_meanwhile"].values()) < found["calls"]["calls"] / 5
