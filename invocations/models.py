"""The invocation log: one row per call, exact counters per skill and per day. Only the recorder writes them."""

from __future__ import annotations

import uuid

from django.db import models


class Invocation(models.Model):
    """One answered call. `skill` is the requested name, even if no such skill exists."""

    class Status(models.TextChoices):
        SUCCESS = "success", "success"
        ERROR = "error", "error"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    skill = models.CharField(max_length=64)
    version = models.PositiveIntegerField(null=True, blank=True)
    invoked_at = models.DateTimeField(db_index=True)
    method = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status)
    error_message = models.CharField(max_length=500, blank=True)
    duration_ms = models.FloatField()
    request_params = models.TextField(blank=True, help_text="JSON, at most 1 KB, secrets masked.")
    session_id = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=200, blank=True, help_text="Name and version the client gave.")
    caller = models.CharField(max_length=200, blank=True, help_text="Who called: the owner of the token.")
    protocol_version = models.CharField(max_length=20, blank=True)
    trace_id = models.CharField(max_length=128, blank=True)

    class Meta:
        ordering = ["-invoked_at", "-id"]
        indexes = [
            models.Index(fields=["skill", "-invoked_at"], name="invocation_by_skill"),
            models.Index(fields=["caller", "-invoked_at"], name="invocation_by_caller"),
            models.Index(fields=["client", "-invoked_at"], name="invocation_by_client"),
            models.Index(fields=["-invoked_at"], condition=models.Q(status="error"), name="invocation_failed"),
            models.Index(
                fields=["skill", "-invoked_at"], condition=models.Q(status="error"), name="invocation_failed_by_skill"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.skill}"


class SkillCounter(models.Model):
    """All-time call count of a skill; pruning old rows does not lower it."""

    skill = models.CharField(max_length=64, primary_key=True)
    invocation_count = models.PositiveBigIntegerField(default=0)
    error_count = models.PositiveBigIntegerField(default=0)
    last_invoked_at = models.DateTimeField(null=True)
    imported_count = models.PositiveBigIntegerField(
        default=0, help_text="The calls among them that another store counted."
    )
    imported_errors = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.skill}: {self.invocation_count}"


class DayCount(models.Model):
    """Calls of a skill on one UTC day; an empty name means all skills. Kept longer than the rows."""

    skill = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    calls = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "skill"], name="day_count_of_skill")]

    def __str__(self) -> str:
        return f"{self.skill} {self.day}: {self.calls}"
