"""The catalog's generation."""

from __future__ import annotations

from django.db import models


class CatalogHead(models.Model):
    """The single row that counts changes of published skills; gateways compare it with the generation they serve."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    generation = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_catalog_head")]

    def __str__(self) -> str:
        return f"generation {self.generation}"
