"""Rows that the registry works with, and that are no history."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class CatalogHead(models.Model):
    """The one row that counts changes of what is live; gateways compare it with what they serve."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    generation = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_catalog_head")]

    def __str__(self) -> str:
        return f"generation {self.generation}"


class UploadQuerySet(models.QuerySet["Upload"]):
    """Uploads that wait."""

    def open_to(self, user: User | AnonymousUser) -> UploadQuerySet:
        """Those that the user brought; all of them for administrators. The others do not exist for the user."""
        return self if user.has_perm("skills_registry.administer_skill") else self.filter(uploaded_by=user.pk)


class Upload(models.Model):
    """A zip that was uploaded and waits for its second step; swept after a day."""

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
