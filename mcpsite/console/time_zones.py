"""Admin pages show times in the reader's zone, which `early.js` sets in a cookie. The API and logs are not affected."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

COOKIE = "timezone"


class TimeZoneMiddleware:
    """Activates the browser's time zone for admin pages; settings.TIME_ZONE if it is unknown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.pages = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request with the zone active."""
        zone = _zone(request.COOKIES.get(COOKIE, "")) if request.path.startswith(self.pages) else None
        with timezone.override(zone):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown zone, a folder of zones, not a file name
        return None
