"""Compression of pages and JSON. Static files are compressed in advance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "application/json")


class CompressTextMiddleware(GZipMiddleware):
    """Django's GZipMiddleware, with its padding against BREACH, for HTML and JSON only.

    Downloads are not compressed: packages already are, and their `ETag` is a digest of the bytes sent.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress HTML and JSON if the client accepts it."""
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if not isinstance(response, HttpResponse) or kind not in COMPRESSED or response.has_header("ETag"):
            return response
        return super().process_response(request, response)
