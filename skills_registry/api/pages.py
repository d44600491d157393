"""Pages of a list: each continues after the last item of the one before, so nothing is counted or doubled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

M = TypeVar("M", bound=Model)


def page(
    request: Request,
    items: QuerySet[M],
    limit: int,
    *,
    cursor: Callable[[M], object],
    show: Callable[[Sequence[M]], Any],
) -> Response:
    """The first `limit` of the items and, where there are more, the address of the next page.

    `cursor` says of the last item what the next page has to be asked for.
    """
    found = list(items[: limit + 1])
    shown = found[:limit]
    following = None
    if len(found) > limit:
        following = next_page(request, str(cursor(shown[-1])))
    return Response({"next": following, "results": show(shown)})


def next_page(request: Request, cursor: str) -> str:
    """The address of the page after this one."""
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
