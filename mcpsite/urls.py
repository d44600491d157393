"""All URLs except /mcp, which `asgi.py` routes before Django."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from mcp_gateway.auth.challenge import METADATA_PATH, RESOURCE_PATH
from mcp_gateway.auth.metadata import protected_resource

from .console.connect import connect
from .console.palette import search
from .console.skill_access import skill_access
from .console.try_skill.page import try_skill
from .health import healthz, readyz

admin.site.index_title = _("Home")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/connect/", admin.site.admin_view(connect), name="connect"),
    path("admin/skills_registry/skill/<int:pk>/try/", admin.site.admin_view(try_skill), name="try_skill"),
    path("admin/skills_registry/skill/<int:pk>/access/", admin.site.admin_view(skill_access), name="skill_access"),
    path("admin/search/", admin.site.admin_view(search), name="palette"),  # overrides unfold's search, which finds less
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include("skills_registry.api.urls")),
    path(METADATA_PATH.removeprefix("/"), protected_resource),
    path(f"{METADATA_PATH}{RESOURCE_PATH}".removeprefix("/"), protected_resource),
    path("healthz", healthz),
    path("readyz", readyz, name="readyz"),
]

handler400 = "mcpsite.http.errors.bad_request"
handler403 = "mcpsite.http.errors.permission_denied"
handler404 = "mcpsite.http.errors.page_not_found"
handler500 = "mcpsite.http.errors.server_error"
