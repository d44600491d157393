"""What OAuth clients may know of the gateway before they have a token (RFC 9728)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_http_methods

from mcp_gateway.server_info import SERVER_INFO

from .challenge import read_scope, resource


@require_http_methods(["GET", "HEAD", "OPTIONS"])
def protected_resource(request: HttpRequest) -> JsonResponse:
    """The gateway as a protected resource, the same at both well-known addresses.

    Without authorization servers the document does not name any: the parameter is optional and an
    empty list must be left out (RFC 9728, 2 and 3.2). Tokens come from an operator then.
    """
    document = {
        "resource": resource(),
        "authorization_servers": settings.MCP_AUTHORIZATION_SERVERS,
        "scopes_supported": [read_scope()],
        "bearer_methods_supported": ["header"],
        "resource_name": SERVER_INFO["title"],
    }
    # Public, and asked for by clients that run in a browser, with headers that it asks about beforehand (OPTIONS).
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "*",
        "Cache-Control": "max-age=300",
    }
    return JsonResponse({name: value for name, value in document.items() if value}, headers=headers)
