"""Uploads: zips that wait to become versions."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class UploadQuerySet(models.QuerySet["Upload"]):
    """Queries for uploads."""

    def accessible_to(self, user: User | AnonymousUser) -> UploadQuerySet:
        """The user's own uploads; for administrators, all of them."""
        return self if user.has_perm("skills_registry.administer_skill") else self.filter(uploaded_by=user.pk)


class Upload(models.Model):
    """An uploaded zip that has not become a version yet; swept after a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    filename = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.filename
