"""Every URL of the admin: sample URLs of pages, and a list of those that are not pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver, reverse

SKILL = {"pk": "skill"}
VERSION = {"pk": "skill", "number": 2}
UPLOAD = {"pk": "upload"}

PAGES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "connect": [({}, "")],
    "admin:index": [({}, ""), ({}, "?days=1"), ({}, "?days=90")],
    "admin:password_change": [({}, "")],
    "admin:password_change_done": [({}, "")],
    "admin:app_list": [({"app_label": "auth"}, "")],
    "admin:invocations_invocation_changelist": [
        ({}, ""),
        ({}, "?status=error&skill=greeter"),
        ({}, "?skill=nobody"),
        ({}, "?text=such&slower_than=1"),
    ],
    "admin:invocations_call": [({}, "?skill=greeter&at={call}")],
    "admin:skills_registry_upload": [({}, "")],
    "admin:skills_registry_uploads": [({}, "")],
    "admin:skills_registry_review": [(UPLOAD, "")],
    "admin:skills_registry_upload_compare": [(UPLOAD, "")],
    "admin:skills_registry_skill_changelist": [({}, ""), ({}, "?q=nothing-like-it"), ({}, "?status=deleted")],
    "admin:skills_registry_skill_change": [({"object_id": "skill"}, ""), ({"object_id": "gone"}, "")],
    "admin:skills_registry_versions": [(SKILL, "")],
    "admin:skills_registry_skill_history": [(SKILL, "")],
    "admin:skills_registry_usage": [(SKILL, ""), (SKILL, "?days=1")],
    "admin:skills_registry_bulk": [({}, "?action=publish&skill=1&skill=2&skill=3")],
    "admin:skills_registry_files": [(SKILL, ""), (VERSION, ""), ({**VERSION, "path": "notes.txt"}, "")],
    "admin:skills_registry_version": [(VERSION, "")],
    "admin:skills_registry_edit": [(VERSION, "")],
    "admin:skills_registry_compare": [(SKILL, "?from=1&to=2"), (SKILL, "?from=1&to=2&view=split")],
    "try_skill": [(SKILL, "")],
    "skill_access": [(SKILL, "")],
    "admin:skills_registry_reviews": [({}, "")],
    "admin:skills_registry_version_review": [(VERSION, "")],
    "admin:skills_registry_publish": [(VERSION, "")],
    "admin:skills_registry_delete": [(VERSION, "")],
    "admin:skills_registry_deactivate": [(SKILL, "")],
    "admin:skills_registry_tags": [(SKILL, "")],
    "admin:skills_registry_owner": [(SKILL, "")],
    "admin:skills_registry_yank": [(VERSION, "")],
    "admin:skills_registry_unyank": [(VERSION, "")],
    "admin:skills_registry_delete_skill": [(SKILL, "")],
    "admin:skills_registry_restore_skill": [({"pk": "gone"}, "")],
    "admin:mcp_gateway_accesstoken_changelist": [({}, "")],
    "admin:mcp_gateway_accesstoken_add": [({}, "")],
    "admin:mcp_gateway_revoke": [({}, "?token={token}")],
    "admin:mcp_gateway_accesstoken_change": [({"object_id": "token"}, "")],
    "admin:auth_user_changelist": [({}, "")],
    "admin:auth_user_add": [({}, "")],
    "admin:auth_user_change": [({"object_id": "user"}, "")],
    "admin:auth_user_delete": [({"object_id": "user"}, "")],
    "admin:auth_user_history": [({"object_id": "user"}, "")],
    "admin:auth_user_password_change": [({"id": "user"}, "")],
    "admin:auth_group_changelist": [({}, "")],
    "admin:auth_group_add": [({}, "")],
    "admin:auth_group_change": [({"object_id": "group"}, "")],
    "admin:auth_group_delete": [({"object_id": "group"}, "")],
    "admin:auth_group_history": [({"object_id": "group"}, "")],
}
"""URL name -> arguments and query of each sample; string arguments name an object of `browser_world`."""

NO_PAGES = {
    "admin:login": "looked at without a login",
    "admin:logout": "answers a form only",
    "admin:search": "a list for the palette",
    "palette": "a list for the palette",
    "admin:autocomplete": "JSON",
    "admin:jsi18n": "a script",
    "admin:view_on_site": "a redirect",
    "admin:invocations_export": "a file",
    "admin:invocations_follow": "new rows of the log, for its page",
    "admin:skills_registry_upload_file": "a file of a package",
    "admin:skills_registry_file": "a file of a package",
    "admin:skills_registry_zip": "a file",
    "admin:skills_registry_edit_text": "a text of a package",
    "admin:skills_registry_edit_check": "JSON",
    "admin:skills_registry_skill_add": "refused: skills come in by upload",
    "admin:skills_registry_skill_delete": "refused: history stays",
    "admin:mcp_gateway_accesstoken_delete": "refused: tokens are revoked",
    "admin:mcp_gateway_accesstoken_history": "refused to Django's own log",
}
"""URL name -> why it is not a page."""


def names() -> set[str]:
    """Return the names of all URLs below /admin/."""
    return set(_names(get_resolver().url_patterns, "", ""))


def _names(patterns: list[Any], path: str, namespace: str) -> Iterator[str]:
    for pattern in patterns:
        address = f"{path}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern.url_patterns, address, inner)
        elif isinstance(pattern, URLPattern) and pattern.name and address.startswith("admin/"):
            yield f"{namespace}{pattern.name}"


def addresses(name: str, made: dict[str, Any]) -> list[str]:
    """Return the sample URLs of a page."""
    return [
        reverse(name, kwargs={key: made.get(value, value) for key, value in kwargs.items()})
        + query.format(call=quote(made["call"]), token=made["token"])
        for kwargs, query in PAGES[name]
    ]
