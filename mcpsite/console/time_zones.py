"""Pages show times in the reader's zone, which `early.js` tells in a cookie; the API and logs stay as they are."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

COOKIE = "timezone"


class TimeZoneMiddleware:
    """Activates the browser's zone for pages of the admin; settings.TIME_ZONE where it is not known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.pages = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, made with the zone active."""
        zone = _zone(request.COOKIES.get(COOKIE, "")) if request.path.startswith(self.pages) else None
        with timezone.override(zone):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # no such zone, a folder of zones, not a name of a file
        return None
