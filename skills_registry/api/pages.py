"""Cursor pagination: each page starts after the last item of the previous one, so no COUNT query is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

M = TypeVar("M", bound=Model)


def paginate(
    request: Request,
    items: QuerySet[M],
    limit: int,
    *,
    cursor: Callable[[M], object],
    serialize: Callable[[Sequence[M]], Any],
) -> Response:
    """Return the first `limit` items and the URL of the next page, or null if there is none.

    `cursor` returns the cursor of an item, after which the next page starts.
    """
    found = list(items[: limit + 1])
    results = found[:limit]
    next_url = None
    if len(found) > limit:
        next_url = next_page(request, str(cursor(results[-1])))
    return Response({"next": next_url, "results": serialize(results)})


def next_page(request: Request, cursor: str) -> str:
    """The URL of the page that starts after `cursor`."""
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
