"""The page that explains how to connect an MCP client."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from mcp_gateway.client_setup import connection_settings


def connect(request: HttpRequest) -> HttpResponse:
    """Show commands and settings for clients, with this gateway's URL filled in."""
    context = {**admin.site.each_context(request), "title": gettext("Connect a client"), **connection_settings()}
    return TemplateResponse(request, "admin/connect.html", context)
