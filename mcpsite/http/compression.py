"""Pages and JSON go over the wire compressed; static files are compressed before they are served."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "application/json")


class CompressTextMiddleware(GZipMiddleware):
    """Django's, which hides by random padding how well a page compresses (BREACH), for pages and JSON alone.

    Downloads stay as they are: packages are compressed already, and their `ETag` is a digest of what is sent.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, compressed where it is text and the client can read that."""
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if not isinstance(response, HttpResponse) or kind not in COMPRESSED or response.has_header("ETag"):
            return response
        return super().process_response(request, response)
