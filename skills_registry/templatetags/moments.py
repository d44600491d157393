"""Moments inside translated sentences."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def moment(value: datetime | None) -> SafeString:
    """The HTML of a moment in the reader's zone; `-` for none."""
    return render_to_string("components/time.html", {"value": value})
