"""Response times of the admin's pages with many skills and a long log.

    python -m benchmarks.admin fill [--skills 10000] [--calls 1000000]
    python -m benchmarks.admin time [--repeat 5]

Runs on the installation that the environment names (DATA_DIR, DATABASE_URL); use a separate, empty one.
`time` requests each page through Django's test client and prints the median wall time and CPU time (which other
load on the machine hardly affects) in milliseconds, its database queries and its size; it exits with 1 if
a page takes 300 ms or longer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
os.environ.setdefault("DEBUG", "true")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.log_fill import fill as fill_log  # noqa: E402
from skills_registry import services  # noqa: E402
from skills_registry.models import AuditEvent, Publication, Skill, SkillVersion  # noqa: E402
from skills_registry.packages.folder import read_folder  # noqa: E402

LIMIT_MS = 300
BATCH = 500
WORDS = ["invoices", "tables", "letters", "reports", "colours", "schedules", "mail", "code", "pictures", "travel"]


@dataclass(frozen=True)
class Timed:
    """Measurements of a page."""

    name: str
    status: int
    median_ms: float
    cpu_ms: float
    queries: int
    kilobytes: float


def fill(skills: int, calls: int) -> None:
    """Create skills with two versions, the first or second live, a tenth drafts; only the first has stored files."""
    call_command("migrate", verbosity=0)
    owner, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    whole = _stored(owner)
    names = [f"{WORDS[number % len(WORDS)]}-{number:05}" for number in range(skills)]
    made = [_skill(name, number, owner) for number, name in enumerate(names)]
    Skill.objects.bulk_create(made, batch_size=BATCH)
    versions = [_version(whole, skill, number, owner) for skill in made for number in (1, 2)]
    SkillVersion.objects.bulk_create(versions, batch_size=BATCH)
    _publish(made, versions, owner)
    fill_log([whole.skill.name, *names], calls, days=28)


def _stored(owner: User) -> SkillVersion:
    """Create a skill with its files in the store."""
    folder = settings.BASE_DIR / "examples" / "skills" / "calculator"
    version, _ = services.create_version(read_folder(folder), user=owner)
    if version.skill.live_version is None:
        services.publish(version.skill, version.number, actor=owner)
    return version


def _skill(name: str, number: int, owner: User) -> Skill:
    tags = sorted({WORDS[number % len(WORDS)], f"team-{number % 40}"})
    return Skill(name=name, tags=tags, owner=owner if number % 3 else None, last_number=2)


def _version(like: SkillVersion, skill: Skill, number: int, owner: User) -> SkillVersion:
    about = f"Handles {skill.name} in every way that a clerk may wish for. Use when {skill.name} is asked for."
    return SkillVersion(
        skill=skill,
        number=number,
        state=SkillVersion.State.READY,
        digest=f"{skill.pk:032x}{number:032x}",
        size=like.size,
        file_count=like.file_count,
        files=like.files,
        frontmatter={"name": skill.name, "description": about},
        findings=[{"code": "secret", "path": "SKILL.md", "line": 3, "message": "?"}] if skill.pk % 50 == 0 else [],
        uploaded_by=owner,
    )


def _publish(skills: list[Skill], versions: list[SkillVersion], owner: User) -> None:
    """Of ten skills, one is a draft, one has an unpublished newer version, eight have their newest version live."""
    generation = Publication.objects.order_by("-generation").values_list("generation", flat=True).first() or 0
    publications, events = [], []
    for number, (skill, (first, second)) in enumerate(zip(skills, _pairs(versions), strict=True)):
        events.append(AuditEvent(skill=skill, version_number=1, action="create_version", actor=owner))
        if number % 10 == 0:
            continue
        live = first if number % 10 == 1 else second
        skill.live_version, skill.published_at = live, timezone.now()
        skill.generation = skill.projected_generation = generation = generation + 1
        publications.append(
            Publication(skill=skill, action="publish", version=live, generation=generation, actor=owner)
        )
        events.append(AuditEvent(skill=skill, version_number=live.number, action="publish", actor=owner))
    Publication.objects.bulk_create(publications, batch_size=BATCH)
    AuditEvent.objects.bulk_create(events, batch_size=BATCH)
    fields = ["live_version", "published_at", "generation", "projected_generation"]
    Skill.objects.bulk_update(skills, fields, batch_size=BATCH)


def _pairs(versions: list[SkillVersion]) -> Iterator[tuple[SkillVersion, SkillVersion]]:
    yield from zip(versions[::2], versions[1::2], strict=True)


def pages() -> dict[str, str]:
    """Return the URL of each page by name."""
    skill = Skill.objects.get(name="calculator")
    version = [skill.pk, 1]
    skills, log = reverse("admin:skills_registry_skill_changelist"), reverse("admin:invocations_invocation_changelist")
    some = "&".join(f"skill={pk}" for pk in Skill.objects.values_list("pk", flat=True)[:50])
    return {
        "home": reverse("admin:index"),
        "skills": skills,
        "skills, last page": f"{skills}?page=200",
        "skills, search": f"{skills}?q=every+clerk",
        "skills, search without a hit": f"{skills}?q=nothing-like-this",
        "skills, tag": f"{skills}?tag=team-7",
        "skills, owner": f"{skills}?owner=bench",
        "skills, drafts": f"{skills}?status=draft",
        "skills, inactive": f"{skills}?status=inactive",
        "skills, findings": f"{skills}?findings=1",
        "skills, unused": f"{skills}?unused=1",
        "skills, most calls": f"{skills}?o=-calls",
        "skills, most failing": f"{skills}?o=-errors",
        "fifty skills at once": f"{skills}bulk/?action=publish&{some}",
        "skill, overview": reverse("admin:skills_registry_skill_change", args=[skill.pk]),
        "skill, files": reverse("admin:skills_registry_files", args=version),
        "skill, versions": reverse("admin:skills_registry_versions", args=[skill.pk]),
        "skill, history": reverse("admin:skills_registry_skill_history", args=[skill.pk]),
        "skill, a version": reverse("admin:skills_registry_version", args=version),
        "skill, deactivate": reverse("admin:skills_registry_deactivate", args=[skill.pk]),
        "upload": reverse("admin:skills_registry_upload"),
        "reviews": reverse("admin:skills_registry_reviews"),
        "calls": log,
        "calls of a skill": f"{log}?skill=calculator",
        "failed calls": f"{log}?status=error",
        "calls by a method": f"{log}?method=prompts/get",
        "calls without a hit": f"{log}?client=nobody",
        "tokens": reverse("admin:mcp_gateway_accesstoken_changelist"),
        "users": reverse("admin:auth_user_changelist"),
    }


def timed(browser: Client, name: str, address: str, repeat: int) -> Timed:
    """Request a page after one warm-up; queries are counted in a separate request."""
    queries: list[str] = []

    def counted(execute: Any, sql: str, *given: Any) -> Any:
        queries.append(sql)
        return execute(sql, *given)

    with connection.execute_wrapper(counted):
        answer = browser.get(address)
    took, worked = [], []
    for _ in range(repeat):
        began, cpu = time.perf_counter(), time.process_time()
        browser.get(address)
        took.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - cpu))
    median, size = statistics.median, len(answer.content) / 1024
    return Timed(name, answer.status_code, median(took), median(worked), len(queries), size)


def main() -> int:
    """Run `fill` or `time`; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fill", "time"])
    parser.add_argument("--skills", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    if options.what == "fill":
        fill(options.skills, options.calls)
        return 0
    browser = Client(headers={"host": settings.ALLOWED_HOSTS[0] if settings.ALLOWED_HOSTS else "localhost"})
    browser.force_login(User.objects.get(username="bench"))
    sys.stdout.write("| page | ms | CPU ms | queries | KB |\n|---|---:|---:|---:|---:|\n")
    found = []
    for name, address in pages().items():
        one = timed(browser, name, address, options.repeat)
        found.append(one)
        row = f"| {name} | {one.median_ms:.0f} | {one.cpu_ms:.0f} | {one.queries} | {one.kilobytes:.0f} |\n"
        sys.stdout.write(row)
        sys.stdout.flush()
    wrong = [one.name for one in found if one.median_ms >= LIMIT_MS or one.status != 200]
    if wrong:
        sys.stderr.write(f"Too slow, or no page at all: {', '.join(wrong)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
