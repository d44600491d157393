"""/healthz: the process answers. /readyz: it can do its work."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from invocations import supervision
from invocations.recorder import recorder
from skills_registry import storage
from skills_registry.catalog import get_catalog
from skills_registry.models import CatalogHead


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database (with its tables), package store and published catalog answer; 503 and which one where they do not.

    What goes wrong in the background is told, and keeps nobody from being served.
    """
    checks = {
        "database": _try(CatalogHead.objects.exists),
        "store": _try(storage.check_access),
        "catalog": _try(get_catalog().generation),
    }
    failing = [f"{part.name}: {part}" for part in supervision.report() if not part.healthy]
    background = {"background": "; ".join(failing) or "ok", "recording": str(recorder.state)}
    return JsonResponse(checks | background, status=200 if set(checks.values()) == {"ok"} else 503)


def _try(check: Callable[[], object]) -> str:
    try:
        check()
    except (DatabaseError, OSError) as error:
        return type(error).__name__
    return "ok"
