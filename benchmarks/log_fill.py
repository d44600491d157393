"""Creates a long log for timing pages, through the configured store, so that counters and daily counts match.

    python -m benchmarks.log_fill [--calls 1000000] [--days 28]

Fills the log of the installation that the environment names (DATA_DIR, DATABASE_URL, STORAGE_BACKEND).
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice

import django
from tqdm import tqdm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
django.setup()

from invocations.events import InvocationEvent  # noqa: E402
from invocations.stores import get_store  # noqa: E402
from skills_registry.models import Skill  # noqa: E402

BATCH = 10_000
METHODS = ["tools/call"] * 6 + ["resources/read"] * 3 + ["prompts/get"]
CLIENTS = [f"agent-{number}/1.{number % 4}" for number in range(12)]
CALLERS = [f"caller-{number:02}" for number in range(40)]
FAILED = 0.03


def fill(skills: Sequence[str], calls: int, days: int) -> None:
    """Log `calls` calls, spread evenly over the last `days` days; the first skills are called most."""
    events = made(skills, calls, days)
    store = get_store()
    with tqdm(total=calls, unit="call", disable=None) as bar:
        while batch := list(islice(events, BATCH)):
            store.write_batch(batch)
            bar.update(len(batch))


def made(skills: Sequence[str], calls: int, days: int) -> Iterator[InvocationEvent]:
    """Yield the calls in order of time; deterministic for the same arguments."""
    chance = random.Random(1)  # noqa: S311  # not a secret
    weights = list(accumulate(1 / (rank + 1) for rank in range(len(skills))))
    now = datetime.now(UTC)
    for number in range(calls):
        failed = chance.random() < FAILED
        yield InvocationEvent(
            skill=chance.choices(skills, cum_weights=weights)[0],
            method=chance.choice(METHODS),
            status="error" if failed else "success",
            invoked_at=now - timedelta(days=days) * (1 - number / calls),
            duration_ms=round(chance.lognormvariate(0.5, 1), 3),
            version=chance.randint(1, 3),
            error_message="There is no file references/missing.md in this skill." if failed else "",
            request_params='{"name":"greeter","arguments":{"input":"Say hello to everybody who arrives."}}',
            client=chance.choice(CLIENTS),
            caller=chance.choice(CALLERS),
            protocol_version="2026-07-28",
            trace_id=f"{number:032x}",
        )


def main() -> None:
    """Fill the log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=28)
    options = parser.parse_args()
    fill(list(Skill.objects.order_by("pk").values_list("name", flat=True)), options.calls, options.days)


if __name__ == "__main__":
    main()
