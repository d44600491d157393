"""Checks the parameters of each method in each revision, according to the official schemas. Pure.

Written by hand, because a schema validator would take longer than the call; tests compare it with the schemas.
Null is invalid for an optional field, because the schemas have no null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .eras import LOG_LEVELS, legacy, modern
from .jsonrpc import INVALID_PARAMS, JsonRpcError
from .shapes import (
    Mismatch,
    Shape,
    any_list,
    any_object,
    by_type,
    choice,
    either,
    fields,
    flag,
    integer,
    list_of,
    object_of,
    text,
    token,
)


def check_params(method: str, version: str, params: Mapping[str, Any]) -> None:
    """Check the parameters. Raises JsonRpcError (-32602), which names the first invalid field."""
    try:
        _PARAMS[version][method](params)
    except Mismatch as mismatch:
        raise JsonRpcError(INVALID_PARAMS, f'Invalid params: "{mismatch.path}" {mismatch}') from None


def _since(first: str, version: str, shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Return fields added in the revision `first`; {} for older revisions, which don't check them."""
    return shapes if version >= first else {}


def _implementation(version: str) -> Shape:
    icon = fields({"src": text}, {"mimeType": text, "sizes": list_of(text), "theme": choice("dark", "light")})
    newest = {"description": text, "icons": list_of(icon), "websiteUrl": text}
    optional = _since("2025-06-18", version, {"title": text}) | _since("2025-11-25", version, newest)
    return fields({"name": text, "version": text}, optional)


def _capabilities(version: str) -> Shape:
    roots = any_object if version == modern.VERSION else fields(optional={"listChanged": flag})
    known: dict[str, Shape] = {"experimental": object_of(any_object), "roots": roots, "sampling": any_object}
    known |= _since("2025-06-18", version, {"elicitation": any_object})
    if version >= "2025-11-25":
        known["sampling"] = fields(optional={"context": any_object, "tools": any_object})
        known["elicitation"] = fields(optional={"form": any_object, "url": any_object})
    if version == "2025-11-25":
        known["tasks"] = _tasks()
    if version == modern.VERSION:
        known["extensions"] = object_of(any_object)
    return fields(optional=known)


def _tasks() -> Shape:
    requests = {
        "elicitation": fields(optional={"create": any_object}),
        "sampling": fields(optional={"createMessage": any_object}),
    }
    return fields(optional={"cancel": any_object, "list": any_object, "requests": fields(optional=requests)})


def _meta(version: str) -> Shape:
    if version != modern.VERSION:
        return fields(optional={"progressToken": token})
    return fields(
        {modern.VERSION_KEY: text, modern.CAPABILITIES_KEY: _capabilities(version)},
        {
            modern.CLIENT_KEY: _implementation(version),
            modern.LOG_LEVEL_KEY: choice(*LOG_LEVELS),
            "progressToken": token,
        },
    )


def _input_responses() -> Shape:
    """Answers to input requests from the server. This server never sends any."""
    role, content = choice("assistant", "user"), _content()
    return object_of(
        either(
            fields({"content": either(list_of(content), content), "model": text, "role": role}),
            fields({"roots": list_of(fields({"uri": text}))}),
            fields({"action": choice("accept", "cancel", "decline")}),
        )
    )


def _content() -> Shape:
    data = fields({"data": text, "mimeType": text})
    return by_type(
        {
            "text": fields({"text": text}),
            "image": data,
            "audio": data,
            "tool_use": fields({"id": text, "input": any_object, "name": text}),
            "tool_result": fields({"content": any_list, "toolUseId": text}),
        }
    )


def _completion(version: str) -> tuple[dict[str, Shape], dict[str, Shape]]:
    title = _since("2025-06-18", version, {"title": text})
    prompt, template = fields({"name": text}, title), fields({"uri": text})
    required = {
        "ref": by_type({"ref/prompt": prompt, "ref/resource": template}),
        "argument": fields({"name": text, "value": text}),
    }
    context = fields(optional={"arguments": object_of(text)})
    return required, _since("2025-06-18", version, {"context": context})


def _methods(version: str) -> dict[str, tuple[dict[str, Shape], dict[str, Shape]]]:
    """Return the required and optional parameters of each method."""
    page: tuple[dict[str, Shape], dict[str, Shape]] = {}, {"cursor": text}
    responses = _since(modern.VERSION, version, {"inputResponses": _input_responses(), "requestState": text})
    task: dict[str, Shape] = {"task": fields(optional={"ttl": integer})} if version == "2025-11-25" else {}
    lists = {"toolsListChanged": flag, "promptsListChanged": flag, "resourcesListChanged": flag}
    filters = fields(optional={**lists, "resourceSubscriptions": list_of(text)})
    return {
        "initialize": (
            {
                "protocolVersion": text,
                "capabilities": _capabilities(version),
                "clientInfo": _implementation(version),
            },
            {},
        ),
        "ping": ({}, {}),
        "logging/setLevel": ({"level": choice(*LOG_LEVELS)}, {}),
        "server/discover": ({}, {}),
        "subscriptions/listen": ({"notifications": filters}, {}),
        "tools/list": page,
        "tools/call": ({"name": text}, {"arguments": any_object, **task, **responses}),
        "prompts/list": page,
        "prompts/get": ({"name": text}, {"arguments": object_of(text), **responses}),
        "resources/list": page,
        "resources/templates/list": page,
        "resources/read": ({"uri": text}, responses),
        "resources/directory/read": ({"uri": text}, {"cursor": text}),
        "completion/complete": _completion(version),
        "skills/list": page,
        "skills/get": ({"uri": text}, {}),
    }


def _params(version: str) -> dict[str, Shape]:
    envelope: dict[str, Shape] = {"_meta": _meta(version)}
    needed, allowed = (envelope, {}) if version == modern.VERSION else ({}, envelope)
    return {
        method: fields({**required, **needed}, {**optional, **allowed})
        for method, (required, optional) in _methods(version).items()
    }


_PARAMS = {version: _params(version) for version in (*legacy.VERSIONS, modern.VERSION)}
