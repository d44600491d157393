"""Published skills as gateways see them, and the protocol of catalogs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from skills_registry.packages.manifest import split_document
from skills_registry.packages.manifest_fields import SKILL_MD, argument_names


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a published version; `size` in bytes, `sha256` in lowercase hex."""

    path: str
    size: int
    sha256: str
    media_type: str
    executable: bool = False
    """Whether it has the execute permission."""


@dataclass(frozen=True)
class PublishedSkill:
    """The live version of a skill; immutable."""

    name: str
    version: int
    description: str
    frontmatter: dict[str, Any]
    files: tuple[PublishedFile, ...]
    published_at: str
    """ISO 8601."""
    tags: tuple[str, ...] = ()
    """Lowercase, sorted; see `skills_registry.tags`."""

    @cached_property
    def skill_md(self) -> PublishedFile:
        """The SKILL.md file."""
        return next(file for file in self.files if file.path == SKILL_MD)

    @cached_property
    def argument_names(self) -> tuple[str, ...]:
        """Declared arguments in order of position."""
        return argument_names(self.frontmatter)


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of the catalog up to `generation`: skills published, and names of skills withdrawn."""

    generation: int
    published: Sequence[PublishedSkill]
    withdrawn: Sequence[str]
    complete: bool = False
    """Whether `published` is the complete catalog, so that all other skills are withdrawn."""


@dataclass(frozen=True)
class RecoveryState:
    """State of a skill stored outside the database, for a rebuild; versions are labels (`v3`), times ISO 8601."""

    generation: int = 0
    version: str | None = None
    status: str = "draft"
    published_at: str | None = None
    last_number: int = 0
    all_versions: Sequence[str] = ()
    tags: Sequence[str] = ()
    owner: str | None = None
    """The owner's user name; like `yanked`, only in `latest.json`."""
    yanked: Mapping[str, str] = field(default_factory=dict)
    """Reason of each yanked version, by label."""


class Catalog(Protocol):
    """A gateway's source of published skills. All methods block; call them off the event loop."""

    def generation(self) -> int:
        """The catalog's generation, which grows with every change; cheap."""
        ...

    def changes_since(self, generation: int) -> Changes:
        """All changes after a generation (0: the complete catalog)."""
        ...

    def is_incomplete(self) -> bool:
        """Whether the last `changes_since` missed skills that could not be read in time; the next one has them."""
        ...

    def cached_file(self, file: PublishedFile) -> bytes | None:
        """The bytes of a file from this machine's cache; makes no network request."""
        ...

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """Read a file, from the cache or the store. Raises OSError."""
        ...


def instructions(skill_md: str) -> str:
    """The instructions in a SKILL.md, without its frontmatter."""
    return split_document(skill_md).body
