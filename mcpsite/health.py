"""/healthz: the process answers. /readyz: it can do its work."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from mcp_gateway import catalog

from .readiness import Readiness

readiness = Readiness(lambda: catalog.live_catalog)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """200 where this process serves, if need be from memory (`degraded`); 503 where it cannot; and what is away."""
    report = await readiness.report()
    found = {"status": report.status, **report.parts, **report.facts}
    return JsonResponse(found, status=200 if report.serves else 503)
