"""OAuth protected resource metadata of the gateway (RFC 9728)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_http_methods

from mcp_gateway.server_info import SERVER_INFO

from .challenge import read_scope, resource_uri


@require_http_methods(["GET", "HEAD", "OPTIONS"])
def protected_resource(request: HttpRequest) -> JsonResponse:
    """Serve the metadata document, the same at both well-known URLs.

    `authorization_servers` is left out if none is configured: the parameter is optional and must not
    be empty (RFC 9728, 2 and 3.2).
    """
    document = {
        "resource": resource_uri(),
        "authorization_servers": settings.MCP_AUTHORIZATION_SERVERS,
        "scopes_supported": [read_scope()],
        "bearer_methods_supported": ["header"],
        "resource_name": SERVER_INFO["title"],
    }
    # Public, and also fetched by clients in browsers, which send a preflight request (OPTIONS) first.
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "*",
        "Cache-Control": "max-age=300",
    }
    return JsonResponse({name: value for name, value in document.items() if value}, headers=headers)
