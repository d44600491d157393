"""The benchmark of the gateway runs and tells what it should; figures are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys

from .support.server import ROOT

TINY = ["--quick", "--json", "--servers", "skillkeeper", "bare", "--skills", "2", "3", "5", "--seconds", "0.01"]


def test_benchmark_prints_a_row_for_each_call_era_and_server() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/gateway.py", *TINY], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    measured = [
        ("tools/call", 2), ("tools/list", 3), ("skills/list", 3), ("resources/read", 3), ("tools/list", 5),
        ("tools/call", 5),
    ]  # fmt: skip
    assert [(row["call"], row["skills"], row["era"], row["server"]) for row in rows] == [
        (call, skills, era, server)
        for call, skills in measured
        for era in ("2026-07-28", "2025-11-25")
        for server in ("skillkeeper", "bare")
    ]
    for row in rows:
        assert row["rps"] > 0
        assert row["cpu_us"] > 0
        assert (row["ratio_to_bare"] == 1) == (row["server"] == "bare")
