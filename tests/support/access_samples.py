"""Sample requests for every route and method, valid for a sender with the required permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import get_resolver

from .chromium import PASSWORD
from .packages import skill_md, zip_of

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
JSON = "application/json"
SKILL = "admin/skills_registry/skill/"
VERSION = f"{SKILL}<int:pk>/versions/<int:number>/"
API = "api/v1/skills/"
API_SKILL = f"{API}<name>/"
API_VERSION = f"{API_SKILL}versions/<number>/"


class Body(NamedTuple):
    """A request body and its content type."""

    content: bytes
    kind: str


@dataclass(frozen=True)
class Sample:
    """URL arguments of a route and bodies sent to it, by variant ("" if there is only one).

    Requests with other methods than `method` carry the body of the first variant.
    """

    values: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    method: str = "POST"
    bodies: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})


class Request(NamedTuple):
    """One request of the matrix; `variant` distinguishes requests of the same route and method."""

    route: str
    method: str
    variant: str
    address: str
    body: Body

    @property
    def key(self) -> tuple[str, str]:
        """The table row."""
        return self.route, f"{self.method} {self.variant}".strip()


FILE = ("skill.zip", zip_of({"SKILL.md": skill_md(body="Say something new.")}))
USER = {"username": "new-user", "password1": "a-long-password-9", "password2": "a-long-password-9"}
PERSON = {
    "username": "author", "is_active": "on", "is_staff": "on", "first_name": "New", "date_joined_0": "2026-01-01",
    "date_joined_1": "00:00:00", "groups": "{group}",
}  # fmt: skip
TOKEN = {"name": "made in the matrix", "user": "{me}", "scopes": "skills:read"}
SELECTED_USER = {"action": "delete_selected", "_selected_action": "{nobody}", "post": "yes"}
SELECTED_GROUP = {"action": "delete_selected", "_selected_action": "{empty}", "post": "yes"}
SAMPLES: dict[str, Sample] = {
    "admin/login/": Sample(bodies={"": {"username": "viewer", "password": PASSWORD}}),
    "admin/password_change/": Sample(
        bodies={"": {"old_password": PASSWORD, "new_password1": "a-new-one-9", "new_password2": "a-new-one-9"}}
    ),
    "admin/search/": Sample(query="?s=greeter"),
    "admin/autocomplete/": Sample(query="?app_label=mcp_gateway&model_name=accesstoken&field_name=user&term=a"),
    "admin/r/<path:content_type_id>/<path:object_id>/": Sample({"content_type_id": "{skills}", "object_id": "{skill}"}),
    "admin/<app_label>/": Sample({"app_label": "auth"}),
    "admin/<url>": Sample({"url": "nothing-is-here"}),
    "admin/invocations/invocation/call/": Sample(query="?skill=greeter&at={call:quoted}"),
    "admin/invocations/invocation/follow/": Sample(query="?from=2026-01-01T00:00:00Z"),
    "admin/invocations/invocation/export.<str:kind>": Sample({"kind": "csv"}),
    f"{SKILL}bulk/": Sample(
        query="?action=export&skill={skill}",
        bodies={
            "publish": {"action": "publish", "skill": "{stopped}..1"},
            "deactivate": {"action": "deactivate", "skill": "{skill}.1."},
            "export": {"action": "export", "skill": "{skill}"},
        },
    ),
    f"{SKILL}upload/": Sample(bodies={"": {"file": FILE}}),
    f"{SKILL}uploads/": Sample(bodies={"create": {"upload": "{upload}"}, "ask": {"upload": "{upload}", "ask": "1"}}),
    f"{SKILL}uploads/<uuid:pk>/": Sample(
        {"pk": "{upload}"}, bodies={"create": {"note": "x"}, "publish": {"publish": "1"}, "discard": {"discard": "1"}}
    ),
    f"{SKILL}uploads/<uuid:pk>/compare/": Sample({"pk": "{upload}"}),
    f"{SKILL}uploads/<uuid:pk>/file/<path:path>": Sample({"pk": "{upload}", "path": "notes.txt"}),
    f"{SKILL}<int:pk>/compare/": Sample(query="?from=1&to=2"),
    f"{SKILL}<int:pk>/publish/<int:number>/": Sample({"number": 2}, bodies={"": {"expected_live": "1"}}),
    f"{SKILL}<int:pk>/deactivate/": Sample(bodies={"": {"expected_live": "1"}}),
    f"{SKILL}<int:pk>/delete/": Sample(bodies={"": {"expected_live": "1"}}),
    f"{SKILL}<int:pk>/delete/<int:number>/": Sample({"number": 4}),
    f"{SKILL}<int:pk>/restore/": Sample({"pk": "{gone}"}, bodies={"": {"reason": "again"}}),
    f"{SKILL}<int:pk>/tags/": Sample(bodies={"": {"tags": "other"}}),
    f"{SKILL}<int:pk>/owner/": Sample(bodies={"": {"reason": "nobody"}}),
    f"{VERSION}yank/": Sample({"number": 4}, bodies={"": {"reason": "no"}}),
    f"{VERSION}unyank/": Sample({"number": 3}, bodies={"": {"reason": "yes"}}),
    f"{VERSION}review/": Sample(
        {"number": 4},
        bodies={
            "ask": {"ask": "1", "comment": "x"},
            "approve": {"approve": "1"},
            "send-back": {"send_back": "1", "comment": "x"},
        },
    ),
    f"{VERSION}edit/": Sample(bodies={"": {"expected_latest": "4", "edits": '{"new.md": {"text": "new"}}'}}),
    f"{VERSION}edit/text/": Sample(query="?path=SKILL.md"),
    f"{VERSION}edit/check/": Sample(bodies={"": {"json": {"edits": {}, "path": ""}}}),
    f"{SKILL}<path:object_id>/delete/": Sample({"object_id": "{skill:spaced}"}, bodies={"": {"post": "yes"}}),
    f"{SKILL}<path:object_id>/history/": Sample({"object_id": "{skill:spaced}"}),
    "admin/mcp_gateway/accesstoken/": Sample(
        bodies={
            "revoke": {"action": "revoke", "_selected_action": "{token}"},
            "delete": {"action": "delete_selected", "_selected_action": "{token}", "post": "yes"},
        }
    ),
    "admin/mcp_gateway/accesstoken/add/": Sample(bodies={"own": TOKEN, "of-another": {**TOKEN, "user": "{superuser}"}}),
    "admin/mcp_gateway/accesstoken/revoke/": Sample(query="?token={token}", bodies={"": {"token": "{token}"}}),
    "admin/mcp_gateway/accesstoken/<path:object_id>/change/": Sample(bodies={"": TOKEN}),
    "admin/mcp_gateway/accesstoken/<path:object_id>/delete/": Sample(bodies={"": {"post": "yes"}}),
    "admin/auth/user/": Sample(bodies={"delete": SELECTED_USER}),
    "admin/auth/user/add/": Sample(bodies={"": USER}),
    "admin/auth/user/<path:object_id>/change/": Sample(
        bodies={"weaker": PERSON, "superuser": {**PERSON, "is_superuser": "on"}}
    ),
    "admin/auth/user/<path:object_id>/delete/": Sample({"object_id": "{nobody}"}, bodies={"": {"post": "yes"}}),
    "admin/auth/user/<id>/password/": Sample(
        bodies={"": {"password1": "a-new-one-9", "password2": "a-new-one-9", "usable_password": "true"}}
    ),
    "admin/auth/group/": Sample(bodies={"delete": SELECTED_GROUP}),
    "admin/auth/group/add/": Sample(bodies={"": {"name": "new-group"}}),
    "admin/auth/group/<path:object_id>/change/": Sample({"object_id": "{empty}"}, bodies={"": {"name": "renamed"}}),
    "admin/auth/group/<path:object_id>/delete/": Sample({"object_id": "{empty}"}, bodies={"": {"post": "yes"}}),
    "i18n/setlang/": Sample(bodies={"": {"language": "zh-hans", "next": "/admin/"}}),
    API: Sample(bodies={"create": {"file": FILE}, "publish": {"file": FILE, "publish": "true"}}),
    f"{API}validate/": Sample(bodies={"": {"file": FILE}}),
    f"{API_SKILL}publish/": Sample(bodies={"": {"json": {"version": 2}}}),
    f"{API_SKILL}rollback/": Sample(bodies={"": {"json": {"version": 1}}}),
    f"{API_SKILL}deactivate/": Sample(bodies={"": {"json": {}}}),
    f"{API_SKILL}delete/": Sample(bodies={"": {"json": {"deactivate": True}}}),
    f"{API_SKILL}restore/": Sample({"name": "gone"}, bodies={"": {"json": {}}}),
    f"{API_SKILL}owner/": Sample(method="PUT", bodies={"": {"json": {"owner": "viewer"}}}),
    f"{API_SKILL}tags/": Sample(method="PUT", bodies={"": {"json": {"tags": ["other"]}}}),
    API_VERSION: Sample({"number": 4}, method="DELETE", bodies={"": {"json": {}}}),
    f"{API_VERSION}edit/": Sample(bodies={"": {"json": {"changes": {"a.md": "a"}, "expected_latest": 4}}}),
    f"{API_VERSION}yank/": Sample({"number": 4}, bodies={"": {"json": {}}}),
    f"{API_VERSION}unyank/": Sample({"number": 3}, bodies={"": {"json": {}}}),
    f"{API_VERSION}approve/": Sample({"number": 2}, bodies={"": {"json": {}}}),
    f"{API_VERSION}send-back/": Sample({"number": 2}, bodies={"": {"json": {"comment": "x"}}}),
    f"{API_VERSION}request-review/": Sample({"number": 4}, bodies={"": {"json": {}}}),
    "api/v1/logs/": Sample(query="?skill=greeter"),
    "api/v1/logs/export.<kind>/": Sample(query="?skill=greeter"),
}
"""By route, where the default values do not fit. A text in braces is looked up among the created objects."""

VALUES = {
    "pk": "{skill}", "number": 1, "path": "SKILL.md", "name": "greeter", "kind": "csv",
    "admin/skills_registry/": "{skill}", "admin/mcp_gateway/": "{token}", "admin/auth/user/": "{user}",
    "admin/auth/group/": "{group}",
}  # fmt: skip
"""Default URL arguments; `object_id` depends on the app."""


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Yield every route of the URLconf."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        else:
            yield plain(route)


def plain(route: str) -> str:
    """Return the readable form of a route, whether it is a path or a regular expression."""
    named = re.sub(r"\(\?P(<\w+>)[^()]*\)", r"\1", route)
    return named.replace("^", "").removesuffix("$").replace("/?", "/").replace("\\", "")


def requests(made: dict[str, Any]) -> Iterator[Request]:
    """Yield the requests of the whole matrix, filled with the created objects."""
    for route in sorted(set(routes())):
        sample = SAMPLES.get(route, Sample())
        address = _address(route, sample, made)
        for method in METHODS:
            variants = sample.bodies if method == sample.method else dict(list(sample.bodies.items())[:1])
            for variant, content in variants.items():
                shown = variant if method == sample.method else ""
                yield Request(route, method, shown, address, _body(content, made))


def outside(room: str) -> Iterator[Request]:
    """Yield requests for paths served before Django's routing; `room` is "mcp" or "static"."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    for route, address, body in (
        ("mcp", "/mcp", Body(json.dumps(message).encode(), JSON)),
        ("mcp/", "/mcp/", Body(json.dumps(message).encode(), JSON)),
        ("static/<path>", "/static/probe.txt", Body(b"", JSON)),
    ):
        if route.startswith(room):
            yield from (Request(route, method, "", address, body) for method in METHODS)


def _address(route: str, sample: Sample, made: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        room = next((room for room in VALUES if "/" in room and route.startswith(room)), "")
        given = sample.values.get(name) or (VALUES[room] if name in ("object_id", "id") else VALUES[name])
        return _filled(given, made)

    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", value, route) + _filled(sample.query, made)


def _filled(value: Any, made: dict[str, Any]) -> str:
    return re.sub(r"\{([\w:]+)\}", lambda match: str(made[match[1]]), str(value))


def _body(content: dict[str, Any], made: dict[str, Any]) -> Body:
    if "json" in content:
        return Body(json.dumps(content["json"]).encode(), JSON)
    fields = {name: value if isinstance(value, tuple) else _filled(value, made) for name, value in content.items()}
    return Body(encode_multipart(BOUNDARY, {name: _sent(value) for name, value in fields.items()}), MULTIPART_CONTENT)


def _sent(value: Any) -> Any:
    return SimpleUploadedFile(*value) if isinstance(value, tuple) else value
