"""Liveness (/healthz) and readiness (/readyz)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from mcp_gateway import catalog

from .readiness import Readiness

readiness = Readiness(lambda: catalog.live_catalog)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 without contacting any server."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 if this process can serve, if only from memory (`degraded`), else 503; with the state of each part."""
    report = await readiness.report()
    found = {"status": report.status, **report.parts, **report.facts}
    return JsonResponse(found, status=200 if report.serves else 503)
