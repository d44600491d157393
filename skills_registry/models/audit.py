"""The audit trail: who did what, when and why. Each operation writes one row in its transaction."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .base import AppendOnly
from .skills import Skill


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Queries for audit events."""

    def with_names(self) -> AuditEventQuerySet:
        """Join skill and actor, so that a list takes one query."""
        return self.select_related("skill", "actor")

    def before(self, cursor: int | None) -> AuditEventQuerySet:
        """Events older than the one with id `cursor` (None: all), newest first."""
        events = self.order_by("-id")
        return events if cursor is None else events.filter(id__lt=cursor)


class AuditEvent(AppendOnly):
    """One operation; `before` and `after` are JSON objects with the changed values, or null."""

    class Action(models.TextChoices):
        CREATE_VERSION = "create_version", _("version created")
        DELETE_VERSION = "delete_version", _("version deleted")
        YANK_VERSION = "yank_version", _("version yanked")
        UNYANK_VERSION = "unyank_version", _("yank taken back")
        PUBLISH = "publish", _("published")
        ROLLBACK = "rollback", _("rolled back")
        DEACTIVATE = "deactivate", _("deactivated")
        REQUEST_REVIEW = "request_review", _("review requested")
        APPROVE = "approve", _("approved")
        SEND_BACK = "send_back", _("sent back")
        SET_TAGS = "set_tags", _("tags changed")
        SET_OWNER = "set_owner", _("owner changed")
        DELETE_SKILL = "delete_skill", _("skill deleted")
        RESTORE_SKILL = "restore_skill", _("skill restored")
        REBUILD_SKILL = "rebuild_skill", _("skill rebuilt from the stores")
        MAKE_TOKEN = "make_token", _("token made")
        REVOKE_TOKEN = "revoke_token", _("token revoked")
        CREATE_USER = "create_user", _("user made")
        CHANGE_USER = "change_user", _("user changed")
        DELETE_USER = "delete_user", _("user deleted")
        CREATE_GROUP = "create_group", _("group made")
        CHANGE_GROUP = "change_group", _("group changed")
        DELETE_GROUP = "delete_group", _("group deleted")

    action = models.CharField(max_length=20, choices=Action)
    skill = models.ForeignKey(Skill, null=True, blank=True, on_delete=models.PROTECT, related_name="audit_events")
    version_number = models.PositiveIntegerField(null=True, blank=True)
    subject = models.CharField(max_length=200, blank=True, help_text="What it was done to, where that is no skill.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who did it; nobody where a command was run without saying who.",
    )
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["skill", "-id"], name="audit_by_skill")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.about}: {self.get_action_display()}"

    @property
    def about(self) -> str:
        """The object of the operation: `greeter v3`, `greeter`, or the subject."""
        if self.skill is None:
            return self.subject
        return f"{self.skill} v{self.version_number}" if self.version_number else str(self.skill)
