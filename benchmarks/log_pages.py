"""Cost of the admin's pages about calls, on the installation that the environment names (see `log_fill`).

    python -m benchmarks.log_pages [--rounds 5]

Prints for each page the number of queries, the median wall time and the median CPU time. On a busy
machine only the CPU time is meaningful. In process, without a server.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from invocations import queries  # noqa: E402
from invocations.pages.cursors import call_cursor  # noqa: E402
from skills_registry.models import Skill  # noqa: E402

LOG = "/admin/invocations/invocation/"
FILTERS = [
    "", "status=error", "skill={skill}&exact=on", "skill={skill}&exact=on&status=error", "client=agent-3/1.3&exact=on",
    "caller=caller-07&exact=on", "client=agent-3/1.3&exact=on&period=24h", "method=prompts/get",
    "status=success&version=2", "version=99", "caller=caller-07&exact=on&method=prompts/get&version=1",
    "skill={skill}&exact=on&client=nobody", "skill=e", "client=nobody", "text=missing.md", "slower_than=1000",
    "before={place}", "after={place}",
]  # fmt: skip


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.filter(is_superuser=True)[0])
    print("| page | queries | ms | ms of CPU |\n|---|---|---|---|")  # noqa: T201
    for address in pages():
        asked, taken, worked = measured(client, address, rounds)
        print(f"| `{address.removeprefix('/admin')}` | {asked} | {taken:.0f} | {worked:.0f} |", flush=True)  # noqa: T201


def pages() -> list[str]:
    """Return the URLs, with existing names and a cursor in the middle of the log."""
    skill = Skill.objects.order_by("pk")[0]
    place = call_cursor(queries.calls(queries.CallFilter(skill=skill.name), limit=2_000).calls[-1]).replace("+", "%2B")
    filters = [text.format(skill=skill.name, place=place) for text in FILTERS]
    usage = f"/admin/skills_registry/skill/{skill.pk}/usage/?days="
    return [
        *(f"{LOG}?{text}" for text in filters),
        *(f"{usage}{days}" for days in (1, 7, 30, 90)),
        "/admin/",
        "/admin/?days=1",
    ]


def measured(client: Client, address: str, rounds: int) -> tuple[int, float, float]:
    """Return a page's number of queries, and the medians of its wall and CPU time in milliseconds."""
    taken, worked = [], []
    for _ in range(rounds + 1):
        began, worked_before = time.perf_counter(), time.process_time()
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)
        taken.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - worked_before))
        assert answer.status_code == 200, (address, answer.status_code)
    return len(asked), statistics.median(taken[1:]), statistics.median(worked[1:])  # the first request fills caches


if __name__ == "__main__":
    main()
