"""Failures of the registry as answers of the API."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from skills_registry.models import SkillVersion
from skills_registry.problems import InvalidSkill
from skills_registry.services import Conflict


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """400 with every problem of a package, 409 for what does not fit the present state, DRF's own otherwise."""
    if isinstance(error, InvalidSkill):
        body = {
            "detail": "The package was refused.",
            "errors": [problem.as_dict() for problem in error.errors],
            "warnings": [problem.as_dict() for problem in error.warnings],
        }
        return Response(body, status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, Conflict):
        return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
    if isinstance(error, SkillVersion.DoesNotExist):
        return Response({"detail": "There is no such version."}, status=status.HTTP_404_NOT_FOUND)
    return default_handler(error, context)
