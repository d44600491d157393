"""Which filters the address of a list may hold: those that the page offers, and equality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Pages = ModelAdmin[Any]
else:
    Pages = object  # as a ModelAdmin it would come between its subclasses and Django's

_HARMLESS = {"exact", "isnull", "id"}


class OfferedFilters(Pages):
    """A list that refuses (400) what Django would take beyond its filters, such as `?name__regex=`.

    A regular expression from the address could keep the whole process busy for hours.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether the list may be filtered so."""
        _field, *more = lookup.split("__")
        return _HARMLESS.issuperset(more) and super().lookup_allowed(lookup, value, request)
