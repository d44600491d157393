"""The operators' door: skills in a list and on a page, uploads in two steps, publishing with a confirmation."""

from __future__ import annotations

from . import skills

__all__ = ["skills"]
