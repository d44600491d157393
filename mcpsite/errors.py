"""Failures outside of any view: JSON below /api/, where programs ask, and pages elsewhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: not a request that a browser or client makes by itself."""
    return _json(400, "The request is not valid.") if _for_api(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the account lacks a right."""
    if _for_api(request):
        return _json(403, "You may not do this.")
    if not _uses_admin(request):
        return defaults.permission_denied(request, exception)
    text = _("Your account may not do this. Ask an administrator for a role that may.")
    return _framed(request, 403, _("Not allowed"), text, "lock")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no such path, or nothing there."""
    if _for_api(request):
        return _json(404, f"There is nothing at {request.path}.")
    if not _uses_admin(request):
        return defaults.page_not_found(request, exception)
    text = _("There is nothing at this address, or it is not there any more.")
    return _framed(request, 404, _("Not found"), text, "search_off")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a mistake of ours; what it was is in the log, under the request's id."""
    detail = "Something went wrong here; the log has the details under the X-Request-ID of this answer."
    return _json(500, detail) if _for_api(request) else defaults.server_error(request)


def _for_api(request: HttpRequest) -> bool:
    return request.path.startswith(API)


def _uses_admin(request: HttpRequest) -> bool:
    """Whether somebody asks who is signed in and sees the admin's frame."""
    return hasattr(request, "user") and admin.site.has_permission(request)


def _framed(request: HttpRequest, status: int, title: str, text: str, icon: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "text": text, "icon": icon}
    return render(request, "admin/error.html", context, status=status)


def _json(status: int, detail: Any) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
