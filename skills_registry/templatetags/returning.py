"""The target of “Cancel” and “Back”: the admin page from which a form was opened."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

register = template.Library()

FIELD = "next"
"""The form field that keeps the address when the form is submitted again."""
ADDRESS_MAX = 4000
"""Characters of an address."""


@register.simple_tag(takes_context=True)
def way_back(context: dict[str, Any], fallback: str) -> str:
    """The address of the previous page including its filter and page number, or `fallback`."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return fallback
    address = request.POST.get(FIELD) or request.GET.get(FIELD) or _referring_page(request)
    return address if _is_admin_page(address, request) else fallback


def _referring_page(request: HttpRequest) -> str:
    """Path and query of the referrer, if it is on this host; else ""."""
    referrer = urlsplit(request.headers.get("referer", ""))
    if referrer.netloc != request.get_host():
        return ""
    return f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path


def _is_admin_page(address: str, request: HttpRequest) -> bool:
    """Whether the address is an admin page other than this one, sign-in and sign-out."""
    if len(address) > ADDRESS_MAX or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return False
    path = urlsplit(address).path
    if not path.startswith(reverse("admin:index")) or "/../" in path or "\\" in address:
        return False
    return path not in (request.path, reverse("admin:login"), reverse("admin:logout"))
