"""Turn exceptions into API responses: always JSON, always with a `detail` to show to a person."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry.models import SkillVersion
from skills_registry.packages.problems import InvalidSkill, Refusal
from skills_registry.services import Conflict, InvalidTags, StoreFailed
from skills_registry.texts.render import render_problem, render_refusal

log = logging.getLogger(__name__)

_STATUS: dict[type[Exception], int] = {
    InvalidTags: status.HTTP_400_BAD_REQUEST,
    Conflict: status.HTTP_409_CONFLICT,
    StoreFailed: status.HTTP_503_SERVICE_UNAVAILABLE,
    RequestDataTooBig: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    SuspiciousOperation: status.HTTP_400_BAD_REQUEST,
}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return 400 for an invalid package or field, 409 for a conflict, 503 for an unavailable store.

    Other exceptions get DRF's own response. Returns None for those that middleware handles for the whole
    site: a failing database or disk, and unexpected errors, which are logged and answered with 500.
    """
    if isinstance(error, InvalidSkill):
        body = {
            "detail": "The package was refused.",
            "errors": [render_problem(problem) for problem in error.errors],
            "warnings": [render_problem(problem) for problem in error.warnings],
        }
        return Response(body, status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, ValidationError):
        return Response({"detail": _summarize_fields(error.detail), "fields": error.detail}, status=error.status_code)
    if isinstance(error, SkillVersion.DoesNotExist):
        return Response({"detail": "There is no such version."}, status=status.HTTP_404_NOT_FOUND)
    if isinstance(error, StoreUnavailable):
        log.error("a store does not answer", exc_info=error)
        detail = f"A required store does not answer: {error.strerror or error}"
        return Response({"detail": detail}, status=status.HTTP_503_SERVICE_UNAVAILABLE)
    for kind, code in _STATUS.items():
        if isinstance(error, kind):
            detail = render_refusal(error) if isinstance(error, Refusal) else str(error)
            return Response({"detail": detail}, status=code)
    return default_handler(error, context)


def _summarize_fields(fields: Any) -> str:
    return " ".join(f"{name}: {' '.join(_field_messages(messages))}" for name, messages in fields.items())


def _field_messages(detail: Any) -> Iterator[str]:
    """Yield the messages of a field, including nested ones. `detail` is a string, list or mapping."""
    if isinstance(detail, str):
        yield detail
        return
    for part in detail.values() if isinstance(detail, dict) else detail:
        yield from _field_messages(part)
