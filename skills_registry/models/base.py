"""Base class and limits of models."""

from __future__ import annotations

from typing import Any

from django.db import models

NOTE_MAX = 10_000
"""Most characters of a note, a reason or a comment."""


class AppendOnly(models.Model):
    """A row that is written once; saving it again raises TypeError."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} {self.pk} is history and cannot be changed")
        super().save(*args, **kwargs)
