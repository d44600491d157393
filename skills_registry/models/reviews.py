"""Reviews of versions before they go live."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from .base import AppendOnly
from .skills import SkillVersion


class Review(AppendOnly):
    """One step of a review: requested, approved or sent back. `SkillVersion.review` has the latest one."""

    version = models.ForeignKey(SkillVersion, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=10, choices=SkillVersion.Review)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.version}: {self.get_verdict_display()}"
