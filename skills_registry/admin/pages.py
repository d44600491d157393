"""What the registry's own admin pages have in common."""

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

from invocations.resilience.disk_errors import is_full, is_read_only
from skills_registry.models import Skill

log = logging.getLogger(__name__)

ID_MAX = 2**63 - 1
P = ParamSpec("P")


class OperatorRequest(HttpRequest):
    """A request whose user is known to be one: the permission was checked."""

    user: User


Page = Callable[Concatenate[OperatorRequest, P], HttpResponse]


def page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    """One of the registry's pages, within the admin's frame."""
    frame = {**admin.site.each_context(request), "title": title, "opts": Skill._meta, "media": ""}
    return TemplateResponse(request, f"admin/skills_registry/{template}.html", {**frame, **context})


def before(request: HttpRequest) -> int | None:
    """Where the page of a list begins that is read on from a number, newest first; None for its first page."""
    given = request.GET.get("before", "")
    return min(int(given), ID_MAX) if given.isdecimal() and len(given) < 20 else None


def requires(permission: str) -> Callable[[Page[P]], Page[P]]:
    """Refuse the page to users without a permission of the registry (`publish_skill` and the like).

    While the package store is away the page says so, and what goes on without it.
    """

    def wrap(view: Page[P]) -> Page[P]:
        @wraps(view)
        def checked(request: OperatorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.has_perm(f"skills_registry.{permission}"):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except OSError as error:
                if is_full(error) or is_read_only(error):
                    raise
                log.exception("the package store does not answer")
                answer = page(
                    request, "away", _("The package store is not responding"), error=error.strerror or str(error)
                )
                answer.status_code = 503
                return answer

        return checked

    return wrap
