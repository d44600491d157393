"""Which skills a caller can see: all of them, or those with certain names or tags. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audience:
    """The skills that a caller can see: those with one of the names or one of the tags.

    There is no restriction if both are None. To the caller, all other skills do not exist.
    """

    skills: frozenset[str] | None = None
    tags: frozenset[str] | None = None

    @classmethod
    def of(cls, skills: Iterable[str], tags: Iterable[str]) -> Audience:
        """The audience with these skills and tags; unrestricted if both are empty."""
        return cls(frozenset(skills) or None, frozenset(tags) or None)

    @property
    def restricted(self) -> bool:
        """Whether some skills may be hidden."""
        return self.skills is not None or self.tags is not None

    def includes(self, name: str, tags: Collection[str]) -> bool:
        """Whether a skill with this name and these tags is visible."""
        if not self.restricted:
            return True
        return name in (self.skills or ()) or not (self.tags or frozenset()).isdisjoint(tags)


EVERYBODY = Audience()
