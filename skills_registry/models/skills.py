"""Skills, their versions and their publications."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections, models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from skills_registry.audience import Audience
from skills_registry.packages.manifest_fields import NAME_MAX
from skills_registry.packages.package import Package
from skills_registry.tags import normalize_tag

from .base import AppendOnly

WORDS_MAX = 8
"""Words of a search that count; the rest is ignored."""


class SkillQuerySet(models.QuerySet["Skill"]):
    """Queries for skills."""

    def not_deleted(self) -> SkillQuerySet:
        """Skills that are not deleted."""
        return self.filter(deleted_at__isnull=True)

    def with_summary(self) -> SkillQuerySet:
        """Add what lists show: live version, owner, `status` and the attributes declared below `Skill.status`."""
        published = Publication.objects.filter(skill=OuterRef("pk"))
        newest = SkillVersion.objects.ready().filter(skill=OuterRef("pk")).order_by("-number")
        return self.select_related(
            "live_version", "owner"
        ).annotate(  # type: ignore[no-redef]  # the plugin adds what is declared
            status=Case(
                When(deleted_at__isnull=False, then=Value(Skill.Status.DELETED)),
                When(live_version__isnull=False, then=Value(Skill.Status.ACTIVE)),
                When(Exists(published), then=Value(Skill.Status.INACTIVE)),
                default=Value(Skill.Status.DRAFT),
            ),
            latest_number=Subquery(newest.values("number")[:1]),
            waiting_number=Subquery(newest.waiting().values("number")[:1]),
            review=Coalesce(Subquery(newest.waiting().values("review")[:1]), Value("")),
        )

    def with_status(self, status: str) -> SkillQuerySet:
        """Skills with a status; cheaper than filtering the annotation of `with_summary`."""
        published = Exists(Publication.objects.filter(skill=OuterRef("pk")))
        existing = self.not_deleted()
        if status == Skill.Status.DELETED:
            return self.filter(deleted_at__isnull=False)
        if status == Skill.Status.ACTIVE:
            return existing.filter(live_version__isnull=False)
        not_live = existing.filter(live_version__isnull=True)
        return not_live.filter(published) if status == Skill.Status.INACTIVE else not_live.filter(~published)

    def with_description(self) -> SkillQuerySet:
        """Add `description`: the live version's, else the newest version's."""
        newest = SkillVersion.objects.ready().filter(skill=OuterRef("pk")).order_by("-number")
        of_live = KeyTextTransform("description", "live_version__frontmatter")
        of_newest = newest.annotate(text=KeyTextTransform("description", "frontmatter")).values("text")[:1]
        return self.annotate(
            description=Coalesce(of_live, Subquery(of_newest), Value(""), output_field=models.TextField())
        )  # type: ignore[no-redef]

    def search(self, text: str) -> SkillQuerySet:
        """Skills where each word occurs in the name, a tag, or the live or newest version's title or description."""
        found = self
        for word in text.split()[:WORDS_MAX]:
            escaped = json.dumps(word)[1:-1]  # SQLite stores JSON escaped
            tagged = Q(tags__icontains=word) | Q(tags__icontains=escaped)
            found = found.filter(Q(name__icontains=word) | tagged | Exists(SkillVersion.objects.mentioning(word)))
        return found

    def tagged(self, tag: str) -> SkillQuerySet:
        """Skills with a tag; its spelling is normalised."""
        return self.filter(self._has_tag(normalize_tag(tag)))

    def visible_to(self, audience: Audience) -> SkillQuerySet:
        """Skills that an audience may see."""
        if not audience.restricted:
            return self
        visible = Q(name__in=audience.skills or ())
        for tag in sorted(audience.tags or ()):
            visible |= self._has_tag(tag)
        return self.filter(visible)

    def _has_tag(self, tag: str) -> Q:
        if connections[self.db].features.supports_json_field_contains:
            return Q(tags__contains=[tag])
        return Q(tags__icontains=json.dumps(tag))

    def tag_counts(self) -> Counter[str]:
        """Number of skills with each tag."""
        # Grouping by the whole list of tags reads far fewer rows than one for each skill.
        by_tags = self.exclude(tags=[]).order_by().values_list("tags").annotate(Count("pk"))
        counts: Counter[str] = Counter()
        for tags, skills in by_tags:
            for tag in tags:
                counts[tag] += skills
        return counts

    def unserved(self) -> SkillQuerySet:
        """Skills whose last change has not reached the published catalog."""
        return self.exclude(served_generation=F("generation"))

    def unstored(self) -> SkillQuerySet:
        """Skills whose last change has not reached `latest.json`."""
        return self.exclude(projected_generation=F("generation"))

    def pending(self) -> SkillQuerySet:
        """Skills whose last change has not reached both the published catalog and `latest.json`."""
        return self.exclude(served_generation=F("generation"), projected_generation=F("generation"))

    def withdrawn_first(self) -> SkillQuerySet:
        """Order withdrawn skills before published ones: stopping to serve a skill is more urgent."""
        return self.order_by(F("live_version").asc(nulls_first=True), "generation")


class Skill(models.Model):
    """A skill; gateways serve its `live_version`, if it has one."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("inactive")
        DRAFT = "draft", _("draft")
        DELETED = "deleted", _("deleted")

    name = models.CharField(max_length=NAME_MAX, unique=True)
    live_version = models.ForeignKey(
        "SkillVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="live"
    )
    last_number = models.PositiveIntegerField(default=0, help_text="The highest version number ever given out.")
    generation = models.PositiveBigIntegerField(
        default=0, db_index=True, help_text="The catalog's generation in which this skill last changed."
    )
    served_generation = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="The generation that has reached the catalog that gateways read."
    )
    unserved_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when gateways do not know of a change; empty when they know of all."
    )
    projected_generation = models.PositiveBigIntegerField(
        default=0, help_text="The generation that has reached the store's `latest.json`."
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
    deleted_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it is hidden; it can be restored, and its name stays taken."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SkillQuerySet.as_manager()

    # Only on skills read `with_summary`.
    status: Status
    latest_number: int | None
    """Number of the newest version."""
    waiting_number: int | None
    """Number of the newest version that waits to be published; see `SkillVersionQuerySet.waiting`."""
    description: str
    """Only on skills read `with_description`."""
    review: str
    """Review state of the waiting version; "" if it has none, or no version waits."""

    class Meta:
        ordering = ["name"]
        default_permissions = ["view"]
        permissions = [
            ("upload_skill", "Can upload and edit, and ask for review"),
            ("publish_skill", "Can publish, roll back, deactivate, yank and review"),
            ("administer_skill", "Can delete and restore skills, and change their owner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_served(self) -> bool:
        """Whether the last change has reached the published catalog."""
        return self.served_generation == self.generation

    @property
    def is_stored(self) -> bool:
        """Whether the last change has reached `latest.json`."""
        return self.projected_generation == self.generation

    @property
    def pending_since(self) -> datetime | None:
        """Time of the oldest change that gateways cannot see yet; None if they see all changes."""
        return None if self.is_served else self.unserved_since or self.updated_at


class SkillVersionQuerySet(models.QuerySet["SkillVersion"]):
    """Queries for versions."""

    def ready(self) -> SkillVersionQuerySet:
        """Versions whose files are all stored; only these are shown or published."""
        return self.filter(state=SkillVersion.State.READY)

    def mentioning(self, word: str) -> SkillVersionQuerySet:
        """Subquery for skills: the live or newest version, if its title or description contains the word."""
        live_or_newest = Q(pk=OuterRef("live_version")) | Q(number=OuterRef("last_number"))
        texts = {f"_{name}": KeyTextTransform(name, "frontmatter") for name in ("title", "description")}
        mentioned = Q(_title__icontains=word) | Q(_description__icontains=word)
        return self.ready().filter(live_or_newest, skill=OuterRef("pk")).alias(**texts).filter(mentioned)

    def publishable(self) -> SkillVersionQuerySet:
        """Versions that are ready and not yanked."""
        return self.ready().filter(yanked_at__isnull=True)

    def yanked(self) -> SkillVersionQuerySet:
        """Versions that must not be published, by number."""
        return self.filter(yanked_at__isnull=False).order_by("number")

    def undeletable(self) -> SkillVersionQuerySet:
        """Versions that were live and are not yanked: they have to be yanked first, to prevent deletion by mistake."""
        return self.filter(Exists(Publication.objects.filter(version=OuterRef("pk"))), yanked_at__isnull=True)

    def waiting(self) -> SkillVersionQuerySet:
        """Publishable versions newer than every version that was ever live ("v3 live, v5 waiting")."""
        once_live = Publication.objects.filter(skill=OuterRef("skill"), version__isnull=False)
        newest = once_live.order_by("-version__number").values("version__number")[:1]
        return self.publishable().filter(number__gt=Coalesce(Subquery(newest), 0))

    def waiting_for_review(self) -> SkillVersionQuerySet:
        """Publishable versions with an open review request, of skills that are not deleted."""
        requested = Q(review=SkillVersion.Review.REQUESTED, skill__deleted_at__isnull=True)
        return self.publishable().filter(requested)


class SkillVersion(AppendOnly):
    """One uploaded package: number, digests and frontmatter, which never change; the bytes are in the store."""

    class State(models.TextChoices):
        STORING = "storing", "storing"
        READY = "ready", "ready"
        DELETING = "deleting", "being deleted"
        DELETED = "deleted", "deleted"

    class Review(models.TextChoices):
        NONE = "", _("not reviewed")
        REQUESTED = "requested", _("waiting for review")
        APPROVED = "approved", _("approved")
        SENT_BACK = "sent_back", _("sent back")

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
    yanked_at = models.DateTimeField(null=True, blank=True, help_text="Since when it may not be published.")
    yank_reason = models.TextField(blank=True, default="", db_default="")
    review = models.CharField(
        max_length=10, choices=Review, blank=True, default="", db_default="", help_text="What was said of it last."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SkillVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["skill", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.skill.name} v{self.number}"

    @classmethod
    def of(cls, package: Package, **fields: Any) -> SkillVersion:
        """Build an unsaved version from a package."""
        return cls(
            digest=package.digest,
            size=package.size,
            file_count=len(package.files),
            files=[file.as_dict() for file in package.files],
            frontmatter=package.manifest.frontmatter,
            warnings=[problem.as_dict() for problem in package.warnings],
            findings=[finding.as_dict() for finding in package.findings],
            **fields,
        )

    @property
    def label(self) -> str:
        """The version as in texts and keys: `v3`."""
        return f"v{self.number}"

    @property
    def executables(self) -> frozenset[str]:
        """Paths of the executable files."""
        return frozenset(file["path"] for file in self.files if file.get("executable"))

    @property
    def may_be_reviewed(self) -> bool:
        """Whether a review makes sense: not live, not yanked, and the skill is not deleted."""
        return self.skill.live_version_id != self.pk and self.yanked_at is None and self.skill.deleted_at is None

    @property
    def description(self) -> str:
        """The description in the frontmatter."""
        return str(self.frontmatter["description"])


class Publication(AppendOnly):
    """One change of the live version: who published which version (or none), when and why."""

    class Action(models.TextChoices):
        PUBLISH = "publish", _("published")
        ROLLBACK = "rollback", _("rolled back")
        DEACTIVATE = "deactivate", _("deactivated")

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
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.skill.name} {self.get_action_display()}"
