"""Access tokens (only their hashes are stored) and gateway processes."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from skills_registry.catalog import Audience, is_skill_name
from skills_registry.tags import is_valid_tag, normalize_tag


class Scope(models.TextChoices):
    """Scopes of access tokens."""

    READ = "skills:read", "skills:read"
    WRITE = "skills:write", "skills:write"


def every_scope() -> list[str]:
    """Return the default scopes of a token."""
    return list(Scope.values)


class AccessToken(models.Model):
    """A user's bearer token for the gateway and the API.

    Grants its owner's permissions, limited by its scopes, for the skills named in `skills` or tagged
    with one of `tags`; for all skills if both are empty.
    """

    class State(models.TextChoices):
        """Whether the token is valid, and if not, why."""

        VALID = "valid", _("valid")
        REVOKED = "revoked", _("revoked")
        EXPIRED = "expired", _("expired")
        OWNER = "owner", _("owner deactivated")

    name = models.CharField(_("name"), max_length=100, help_text=_("What it is for, for example “CI of team A”."))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens", verbose_name=_("user")
    )
    prefix = models.CharField(
        _("prefix"), max_length=16, editable=False, help_text=_("How it begins, to tell tokens apart.")
    )
    hash = models.CharField(max_length=64, unique=True, editable=False)
    # With database defaults: during an upgrade, the previous release still creates tokens without these columns.
    scopes = models.JSONField(default=every_scope, db_default=models.Value(Scope.values, models.JSONField()))
    skills = models.JSONField(default=list, db_default=models.Value([], models.JSONField()), blank=True)
    tags = models.JSONField(default=list, db_default=models.Value([], models.JSONField()), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(
        _("expires at"), null=True, blank=True, help_text=_("Leave empty for a token that does not expire.")
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)

    owner_may_read: bool = False
    """Whether the owner may see skills; set by the query in `find_token`."""

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        """Refuse invalid scopes, skill names and tags."""
        problems = {}
        if not self.scopes or set(self.scopes) - set(Scope.values):
            problems["scopes"] = f"At least one of: {', '.join(Scope.values)}."
        if wrong := [name for name in self.skills if not is_skill_name(name)]:
            problems["skills"] = f"Invalid skill names: {', '.join(wrong):.200}"
        if wrong := [tag for tag in self.tags if tag != normalize_tag(tag) or not is_valid_tag(tag)]:
            problems["tags"] = f"Invalid tags: {', '.join(wrong):.200}"
        if problems:
            raise ValidationError(problems)

    @property
    def is_valid(self) -> bool:
        """Whether the token is neither revoked nor expired, and its owner is active."""
        return self.state == self.State.VALID

    @property
    def state(self) -> State:
        """VALID, or the first reason why the token is invalid."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return self.State.EXPIRED
        return self.State.VALID if self.user.is_active else self.State.OWNER

    @classmethod
    def filter_by_state(cls, tokens: models.QuerySet[AccessToken], state: str) -> models.QuerySet[AccessToken]:
        """Filter tokens by `state`; an unknown state matches none."""
        expired = models.Q(expires_at__lte=timezone.now())
        rules: dict[str, models.Q] = {
            cls.State.REVOKED: models.Q(revoked_at__isnull=False),
            cls.State.EXPIRED: models.Q(revoked_at=None) & expired,
            cls.State.OWNER: models.Q(revoked_at=None, user__is_active=False) & ~expired,
            cls.State.VALID: models.Q(revoked_at=None, user__is_active=True) & ~expired,
        }
        return tokens.filter(rules[state]) if state in rules else tokens.none()

    @property
    def restrictions(self) -> list[str]:
        """The skills and `#tags` the token is limited to; empty if it is valid for all skills."""
        return [*self.skills, *(f"#{tag}" for tag in self.tags)]

    @property
    def caller_key(self) -> str:
        """The `Caller.key` of callers who use this token."""
        return f"token:{self.pk}"

    @property
    def audience(self) -> Audience:
        """The skills visible with this token."""
        return Audience.of(self.skills, self.tags)


class GatewayReplica(models.Model):
    """A process that serves `/mcp`. It writes its own row (`replicas.py`), and deletes it on a clean shutdown."""

    id = models.UUIDField(primary_key=True, editable=False)
    host = models.CharField(max_length=253)
    pid = models.PositiveIntegerField()
    server = models.CharField(max_length=100, help_text="ASGI server and its version.")
    version = models.CharField(max_length=40, help_text="Version of Skillkeeper.")
    generation = models.PositiveBigIntegerField(
        null=True, help_text="Of the catalog it serves; empty before the first."
    )
    generation_since = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        ordering = ["host", "pid"]

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}"

    @property
    def is_silent(self) -> bool:
        """Whether it has missed three heartbeats."""
        return self.last_seen < timezone.now() - timedelta(seconds=3 * settings.MCP_HEARTBEAT_SECONDS)
