"""The admin pages of the registry: skills, uploads, reviews, publishing and deletion."""

from __future__ import annotations

from . import skills

__all__ = ["skills"]
