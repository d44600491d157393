"""The report of the gateway benchmark."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPORT = Path(__file__).parent / "results" / "gateway.md"


@dataclass(frozen=True, slots=True)
class Row:
    """Cost of a call on a server; `size` is our answer's length in bytes, `busy` the load generator's busy fraction."""

    server: str
    call: str
    skills: int
    era: str
    rps: float
    cpu_us: float
    ratio_to_bare: float
    size: int
    busy: float

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        return {
            "server": self.server,
            "call": self.call,
            "skills": self.skills,
            "era": self.era,
            "rps": round(self.rps, 1),
            "cpu_us": round(self.cpu_us, 1),
            "ratio_to_bare": round(self.ratio_to_bare, 4),
        }


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table: per call, requests per second and CPU of each server, and ratios to ours."""
    lines = [
        "| call | skills | revision | answer | skillkeeper | bare | fastmcp | sdk | to bare | fastmcp | sdk |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for (call, skills, era), group in _grouped(rows):
        ours = group["skillkeeper"]
        cells = [f"{group[name].rps:,.0f} ({group[name].cpu_us:,.0f})" if name in group else "-" for name in _SERVERS]
        ratios = [f"{ours.rps / group[name].rps:,.0f} x" if name in group else "-" for name in ("fastmcp", "sdk")]
        cells = [*cells, f"{ours.ratio_to_bare:.0%}", *ratios]
        lines.append(f"| {call} | {skills:,} | {era} | {ours.size:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


_SERVERS = ("skillkeeper", "bare", "fastmcp", "sdk")


def _grouped(rows: Iterable[Row]) -> Iterable[tuple[tuple[str, int, str], dict[str, Row]]]:
    groups: dict[tuple[str, int, str], dict[str, Row]] = {}
    for row in rows:
        groups.setdefault((row.call, row.skills, row.era), {})[row.server] = row
    return groups.items()


def write_report(rows: Sequence[Row], *, seconds: float, rounds: int, connections: int) -> None:
    """Write the report that is committed."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        f"""# What a request costs

Written by `make benchmark` on {datetime.now(UTC):%Y-%m-%d}; [README.md](../README.md) explains what is compared.

{_machine()} The servers on one core, the load generator on another ({connections} connections, busy for at most
{max(row.busy for row in rows):.0%} of the time); median of {rounds} rounds of {seconds:g} s, all servers in turn.

Requests per second, with microseconds of CPU per request in brackets, including what is written afterwards.
The last three columns are our requests per second as a fraction of the bare application's, and as multiples
of those of FastMCP and the SDK.

{table(rows)}

Median of ours to bare, all calls: {statistics.median(r.ratio_to_bare for r in rows if r.server == "skillkeeper"):.0%}.
"""
    )


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}."
    )
