"""/healthz: the process answers. /readyz: it can do its work."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from invocations import deadline, supervision
from invocations.recorder import recorder
from skills_registry import storage
from skills_registry.catalog import get_catalog
from skills_registry.models import CatalogHead

from .schema import missing_migrations

ANSWER_SECONDS = 3.0
CHECK_SECONDS = 1.5
"""For one of them, so that one that hangs is not taken for all."""


class MigrationsMissing(Exception):
    """The database is older than this release; says which migrations it lacks."""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the database has all migrations, and package store and catalog answer; 503 and which one does not.

    What goes wrong in the background is told, and keeps nobody from being served.
    """
    with deadline.within(ANSWER_SECONDS):
        checks = {
            "database": _try(CatalogHead.objects.exists),
            "migrations": _try(_check_migrations),
            "store": _try(storage.check_access),
            "catalog": _try(get_catalog().generation),
        }
    failing = [f"{part.name}: {part}" for part in supervision.report() if not part.healthy]
    background = {"background": "; ".join(failing) or "ok", "recording": str(recorder.state)}
    return JsonResponse(checks | background, status=200 if set(checks.values()) == {"ok"} else 503)


def _check_migrations() -> None:
    if missing := missing_migrations():
        raise MigrationsMissing(f"missing: {', '.join(missing)}")


def _try(check: Callable[[], object]) -> str:
    try:
        with deadline.within(CHECK_SECONDS):
            check()
    except MigrationsMissing as missing:
        return str(missing)
    except (DatabaseError, InterfaceError, OSError) as error:
        return type(error).__name__
    return "ok"
