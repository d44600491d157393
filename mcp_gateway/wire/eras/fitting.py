"""Converts definitions and results from the newest revision to older ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .era import Era

_FIRST_VERSION = {
    "_meta": "2025-06-18",
    "icons": "2025-11-25",
    "outputSchema": "2025-06-18",
    "structuredContent": "2025-06-18",
    "title": "2025-06-18",
}


def fit_tool(era: Era, tool: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a tool definition."""
    fitted = _known_fields(era, tool)
    if not era.has_tool_annotations:
        fitted.pop("annotations", None)
    return fitted


def fit_prompt(era: Era, prompt: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a prompt definition."""
    fitted = _known_fields(era, prompt)
    if "arguments" in fitted:
        fitted["arguments"] = [_known_fields(era, argument) for argument in fitted["arguments"]]
    return fitted


def fit_resource(era: Era, resource: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a resource or resource template."""
    fitted = _known_fields(era, resource)
    if "annotations" in fitted and era.version < "2025-06-18":
        fitted["annotations"] = {key: value for key, value in fitted["annotations"].items() if key != "lastModified"}
    return fitted


def fit_tool_result(era: Era, result: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a result of `tools/call`."""
    fitted = _known_fields(era, result)
    fitted["content"] = [fit_content(era, item) for item in result["content"]]
    return fitted


def fit_prompt_result(era: Era, result: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a result of `prompts/get`."""
    messages = [{**message, "content": fit_content(era, message["content"])} for message in result["messages"]]
    return {**_known_fields(era, result), "messages": messages}


def fit_content(era: Era, content: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a content item; types the revision doesn't know become text."""
    if content["type"] == "resource_link" and not era.has_resource_links:
        return {"type": "text", "text": f"{content['name']}: {content['uri']}"}
    if content["type"] == "audio" and era.version < "2025-03-26":
        return {"type": "text", "text": f"(Audio, {content['mimeType']}, which this revision of MCP does not support.)"}
    return fit_resource(era, content)


def _known_fields(era: Era, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if _FIRST_VERSION.get(key, "") <= era.version}
