"""Shared parts of the registry's admin pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry.models import Skill

log = logging.getLogger(__name__)

ID_MAX = 2**63 - 1
P = ParamSpec("P")


class OperatorRequest(HttpRequest):
    """A request whose user was authenticated and has the required permission."""

    user: User


Page = Callable[Concatenate[OperatorRequest, P], HttpResponse]


def page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    """Render a page of the registry within the admin's layout."""
    frame = {**admin.site.each_context(request), "title": title, "opts": Skill._meta, "media": ""}
    return TemplateResponse(request, f"admin/skills_registry/{template}.html", {**frame, **context})


def before_cursor(request: HttpRequest) -> int | None:
    """The cursor of a page in a list, newest first: show items below this number. None for the first page."""
    cursor = request.GET.get("before", "")
    return min(int(cursor), ID_MAX) if cursor.isdecimal() and len(cursor) < 20 else None


def requires(permission: str) -> Callable[[Page[P]], Page[P]]:
    """Require a permission of the registry, such as `publish_skill`.

    If the package store is unavailable, the view responds with 503 and a page that says so.
    """

    def wrap(view: Page[P]) -> Page[P]:
        @wraps(view)
        def checked(request: OperatorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.has_perm(f"skills_registry.{permission}"):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except StoreUnavailable as error:
                log.exception("the package store does not answer")
                response = page(
                    request, "away", _("The package store is not responding"), error=error.strerror or str(error)
                )
                response.status_code = 503
                return response

        return checked

    return wrap
