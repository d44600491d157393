"""The catalog in the registry's own database: the default, with local storage."""

from __future__ import annotations

from skills_registry.models import CatalogHead, Skill, SkillVersion
from skills_registry.store import package_store

from .base import Changes, PublishedFile, PublishedSkill


class OrmCatalog:
    """See `Catalog`."""

    def generation(self) -> int:
        head = CatalogHead.objects.first()
        return head.generation if head else 0

    def changes_since(self, generation: int) -> Changes:
        # The generation is read first: a concurrent change is then reported twice, while in the other
        # order it could be lost.
        reached = self.generation()
        changed = Skill.objects.filter(generation__gt=generation).select_related("live_version")
        published, withdrawn = [], []
        for skill in changed:
            if skill.live_version is None:
                withdrawn.append(skill.name)
            else:
                published.append(published_skill(skill, skill.live_version))
        return Changes(reached, published, withdrawn, complete=generation == 0)

    def is_incomplete(self) -> bool:
        return False

    def cached_file(self, file: PublishedFile) -> bytes | None:
        return None  # files are local already

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        return package_store.read_file(skill.name, skill.version, file.path)


def published_skill(skill: Skill, version: SkillVersion) -> PublishedSkill:
    """A version as gateways would see it if it were live."""
    return PublishedSkill(
        name=skill.name,
        version=version.number,
        description=version.description,
        frontmatter=version.frontmatter,
        files=tuple(PublishedFile(**file) for file in version.files),
        published_at=skill.published_at.isoformat() if skill.published_at else "",
        tags=tuple(skill.tags),
    )


def write(skill: Skill) -> int:
    """Return the skill's generation: gateways read the database, so nothing has to be written."""
    return skill.generation
