"""Failures outside of any view: JSON below /api/, where programs ask, and Django's own pages elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: not a request that a browser or client makes by itself."""
    return _json(400, "The request is not valid.") if _for_api(request) else defaults.bad_request(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no such path."""
    detail = f"There is nothing at {request.path}."
    return _json(404, detail) if _for_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a mistake of ours; what it was is in the log, under the request's id."""
    detail = "Something went wrong here; the log has the details under the X-Request-ID of this answer."
    return _json(500, detail) if _for_api(request) else defaults.server_error(request)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    """503: something that is needed is away, or does not answer in time."""
    detail = "Something that this needs does not answer at the moment; try again in a few seconds."
    return _json(503, detail) if _for_api(request) else render(request, "503.html", status=503)


def _for_api(request: HttpRequest) -> bool:
    return request.path.startswith(API)


def _json(status: int, detail: Any) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
