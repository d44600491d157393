"""A fast in-memory catalog that records every query."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from mcp_gateway.catalog import LiveCatalog
from skills_registry.catalog import Changes, PublishedFile, PublishedSkill
from skills_registry.packages.package import Package

from .packages import package


class Shelf:
    """An in-memory `Catalog` that can fail (`failure`), block (`hold`), be damaged (`contents`) and restored."""

    def __init__(self) -> None:
        self.head = 0
        self.live: dict[str, tuple[int, PublishedSkill | None]] = {}
        self.contents: dict[tuple[str, int, str], bytes] = {}
        self.asked: list[str] = []
        self.asked_since: list[int] = []
        self.failure: Exception | None = None
        self._held = ""
        self._reached = threading.Event()
        self._released = threading.Event()

    def publish(
        self,
        name: str = "greeter",
        body: str = "Say hello.",
        files: Mapping[str, str | bytes] = {},
        *,
        tags: tuple[str, ...] = (),
        **fields: str,
    ) -> PublishedSkill:
        """Publish a version, validated by the package rules."""
        return self.put(package(name, body, files, **fields), tags)

    def put(self, made: Package, tags: tuple[str, ...] = ()) -> PublishedSkill:
        """Publish a package."""
        self.head += 1
        name, version = made.manifest.name, self.head
        files = tuple(PublishedFile(**file.as_dict()) for file in made.files)
        skill = PublishedSkill(name, version, made.manifest.description, made.manifest.frontmatter, files, "", tags)
        self.contents |= {(name, version, file.path): file.content for file in made.files}
        self.live[name] = (self.head, skill)
        return skill

    def withdraw(self, name: str = "greeter") -> None:
        """Deactivate a skill."""
        self.head += 1
        self.live[name] = (self.head, None)

    def restore(self, backup: Shelf) -> None:
        """Take over another shelf's content, like a registry restored from a backup."""
        self.head, self.live = backup.head, dict(backup.live)

    def hold(self, question: str) -> None:
        """Block this query (`generation`, `changes` or a file path) until `release`."""
        self._held = question
        self._reached.clear()
        self._released.clear()

    async def reached(self) -> None:
        """Wait until the blocked query is made."""
        assert await asyncio.to_thread(self._reached.wait, 10), f"nobody asked for {self._held}"

    def release(self) -> None:
        """Release the blocked query."""
        self._held = ""
        self._released.set()

    def generation(self) -> int:
        self._asked("generation")
        return self.head

    def is_incomplete(self) -> bool:
        return False

    def changes_since(self, generation: int) -> Changes:
        self._asked("changes")
        self.asked_since.append(generation)
        changed = {name: skill for name, (since, skill) in self.live.items() if since > generation}
        published = [skill for skill in changed.values() if skill is not None]
        return Changes(self.head, published, [name for name, skill in changed.items() if skill is None])

    def cached_file(self, file: PublishedFile) -> bytes | None:
        return None

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        self._asked(file.path)
        return self.contents[skill.name, skill.version, file.path]

    def _asked(self, what: str) -> None:
        self.asked.append(what)
        if what == self._held:
            self._reached.set()
            assert self._released.wait(10), f"{what} was not released"
        if self.failure is not None:
            raise self.failure


def live_catalog(shelf: Shelf, **options: Any) -> LiveCatalog:
    """Return a live catalog over a shelf that checks for changes at every request."""
    return LiveCatalog(shelf, **{"refresh_seconds": 0, "cache_bytes": 1024 * 1024, **options})
