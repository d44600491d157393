"""What a published skill is to a gateway, and what every catalog can tell about them."""

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
    """Whether it is to be run as a program."""


@dataclass(frozen=True)
class PublishedSkill:
    """The live version of a skill; never changes, a new publication makes a new one."""

    name: str
    version: int
    description: str
    frontmatter: dict[str, Any]
    files: tuple[PublishedFile, ...]
    published_at: str
    """ISO 8601."""
    tags: tuple[str, ...] = ()
    """Lower-case words in order; see `skills_registry.tags`."""

    @cached_property
    def skill_md(self) -> PublishedFile:
        """The file with the instructions."""
        return next(file for file in self.files if file.path == SKILL_MD)

    @cached_property
    def argument_names(self) -> tuple[str, ...]:
        """The arguments that it declares, in order of position."""
        return argument_names(self.frontmatter)


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the catalog up to `generation`: skills that are live (again), names no longer live."""

    generation: int
    published: Sequence[PublishedSkill]
    withdrawn: Sequence[str]
    complete: bool = False
    """Whether `published` is all there is, so that anything else is withdrawn."""


@dataclass(frozen=True)
class RecoveryState:
    """What is known of a skill outside the registry, should that be lost; labels like `v3`, ISO 8601."""

    generation: int = 0
    version: str | None = None
    status: str = "draft"
    published_at: str | None = None
    last_number: int = 0
    all_versions: Sequence[str] = ()
    tags: Sequence[str] = ()
    owner: str | None = None
    """The owner's user name; like `yanked`, in `latest.json` alone."""
    yanked: Mapping[str, str] = field(default_factory=dict)
    """Why versions must not be published, by label."""


class Catalog(Protocol):
    """Where a gateway learns what is published. All methods block; call them off the event loop."""

    def generation(self) -> int:
        """The number that grows with every change; cheap to ask."""
        ...

    def changes_since(self, generation: int) -> Changes:
        """Everything that changed after a generation (0: all that is live)."""
        ...

    def is_incomplete(self) -> bool:
        """Whether the next changes hold something that the last ones should have, but could not be read then."""
        ...

    def cached_file(self, file: PublishedFile) -> bytes | None:
        """The bytes of a file that this machine has kept from an earlier read; asks no other server."""
        ...

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """The bytes of one file as stored. Raises OSError where the store fails."""
        ...


def instructions(skill_md: str) -> str:
    """A SKILL.md without its frontmatter: what a model is to follow."""
    return split_document(skill_md).body
