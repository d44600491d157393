"""For whom a skill exists: for everybody, or for those who may use it by its name or by one of its tags. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audience:
    """The skills that somebody may know of: those named, and those with one of the tags; None for no restriction.

    What is outside does not exist for them, whichever door they come through.
    """

    skills: frozenset[str] | None = None
    tags: frozenset[str] | None = None

    @classmethod
    def of(cls, skills: Iterable[str], tags: Iterable[str]) -> Audience:
        """The audience with these skills and tags; everybody where both are empty."""
        return cls(frozenset(skills) or None, frozenset(tags) or None)

    @property
    def restricted(self) -> bool:
        """Whether there may be skills outside of it."""
        return self.skills is not None or self.tags is not None

    def includes(self, name: str, tags: Collection[str]) -> bool:
        """Whether a skill with this name and these tags is there for it."""
        if not self.restricted:
            return True
        return name in (self.skills or ()) or not (self.tags or frozenset()).isdisjoint(tags)


EVERYBODY = Audience()
