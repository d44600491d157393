"""What the registry knows. Only `services` writes; history is appended to and never edited."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import Any

from django.conf import settings
from django.db import connections, models
from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When

from .manifest_fields import NAME_MAX
from .package import Package


class AppendOnly(models.Model):
    """A row that is written once: saving it again or deleting it by itself is a mistake in the caller."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} {self.pk} is history and cannot be changed")
        super().save(*args, **kwargs)


class SkillQuerySet(models.QuerySet["Skill"]):
    """Questions that the doors ask about skills."""

    def with_summary(self) -> SkillQuerySet:
        """Adds `status`, live version and owner, and the number of the newest version (`latest_number`, or None)."""
        published = Publication.objects.filter(skill=OuterRef("pk"))
        latest = SkillVersion.objects.ready().filter(skill=OuterRef("pk")).order_by("-number").values("number")
        return self.select_related(
            "live_version", "owner"
        ).annotate(  # type: ignore[no-redef]  # the plugin adds what is declared
            status=Case(
                When(live_version__isnull=False, then=Value(Skill.Status.ACTIVE)),
                When(Exists(published), then=Value(Skill.Status.INACTIVE)),
                default=Value(Skill.Status.DRAFT),
            ),
            latest_number=Subquery(latest[:1]),
        )

    def tagged(self, tag: str) -> SkillQuerySet:
        """Skills that have a tag, however that is written."""
        tag = tag.lower()
        if connections[self.db].features.supports_json_field_contains:
            return self.filter(tags__contains=[tag])
        return self.filter(tags__icontains=json.dumps(tag))

    def tag_counts(self) -> Counter[str]:
        """How many skills have each tag that is in use."""
        return Counter(tag for tags in self.exclude(tags=[]).values_list("tags", flat=True) for tag in tags)

    def pending(self) -> SkillQuerySet:
        """Skills whose last change has not reached the store's `latest.json` yet."""
        return self.exclude(projected_generation=F("generation"))


class Skill(models.Model):
    """A skill by name; what is served is the version that `live_version` points to, if any."""

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        INACTIVE = "inactive", "inactive"
        DRAFT = "draft", "draft"

    name = models.CharField(max_length=NAME_MAX, unique=True)
    live_version = models.ForeignKey(
        "SkillVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="live"
    )
    last_number = models.PositiveIntegerField(default=0, help_text="The highest version number ever given out.")
    generation = models.PositiveBigIntegerField(
        default=0, db_index=True, help_text="The catalog's generation in which this skill last changed."
    )
    projected_generation = models.PositiveBigIntegerField(
        default=0, help_text="The generation that has reached the store; less than `generation` while pending."
    )
    published_at = models.DateTimeField(null=True, blank=True, help_text="Since when the live version is live.")
    tags = models.JSONField(default=list, db_default=[], blank=True, help_text="Words by which operators sort skills.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whom to ask about the skill; gives no rights.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SkillQuerySet.as_manager()

    # Only on skills that were read `with_summary`.
    status: Status
    latest_number: int | None

    class Meta:
        ordering = ["name"]
        permissions = [
            ("upload_skill", "Can upload new versions"),
            ("publish_skill", "Can publish, roll back and deactivate"),
        ]

    def __str__(self) -> str:
        return self.name


class SkillVersionQuerySet(models.QuerySet["SkillVersion"]):
    """Questions that the doors ask about versions."""

    def ready(self) -> SkillVersionQuerySet:
        """Versions whose files are all stored; only these can be shown or published."""
        return self.filter(state=SkillVersion.State.READY)


class SkillVersion(AppendOnly):
    """One uploaded package: number, digests and frontmatter, for ever; the bytes are in the store."""

    class State(models.TextChoices):
        STORING = "storing", "storing"
        READY = "ready", "ready"
        DELETING = "deleting", "being deleted"
        DELETED = "deleted", "deleted"

    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.STORING)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the package, see `package_digest`.")
    size = models.PositiveBigIntegerField(help_text="Bytes of all files together.")
    file_count = models.PositiveIntegerField()
    files = models.JSONField(help_text="Path, size, sha256 and media type of every file.")
    frontmatter = models.JSONField()
    warnings = models.JSONField(default=list, blank=True)
    findings = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SkillVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["skill", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.skill.name} v{self.number}"

    @classmethod
    def of(cls, package: Package, **fields: Any) -> SkillVersion:
        """An unsaved version that holds what there is to say about a package."""
        return cls(
            digest=package.digest,
            size=package.size,
            file_count=len(package.files),
            files=[file.as_dict() for file in package.files],
            frontmatter=package.manifest.frontmatter,
            warnings=[problem.as_dict() for problem in package.warnings],
            **fields,
        )

    @property
    def label(self) -> str:
        """The version as people and keys write it: `v3`."""
        return f"v{self.number}"

    @property
    def description(self) -> str:
        """The frontmatter's description."""
        return str(self.frontmatter["description"])


class Publication(AppendOnly):
    """One change of what is live: who made which version live (or none), when and why."""

    class Action(models.TextChoices):
        PUBLISH = "publish", "published"
        ROLLBACK = "rollback", "rolled back"
        DEACTIVATE = "deactivate", "deactivated"

    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="publications")
    action = models.CharField(max_length=10, choices=Action)
    version = models.ForeignKey(SkillVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    previous = models.ForeignKey(SkillVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    generation = models.PositiveBigIntegerField(unique=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-generation"]

    def __str__(self) -> str:
        return f"{self.skill.name} {self.get_action_display()}"


class CatalogHead(models.Model):
    """The one row that counts changes of what is live; gateways compare it with what they serve."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    generation = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_catalog_head")]

    def __str__(self) -> str:
        return f"generation {self.generation}"


class Upload(models.Model):
    """A zip that was uploaded and waits for its second step; swept after a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    filename = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.filename
