"""What the official conformance suite asks for by name, offered as any deployment would offer things of its own.

The suite's source says what each must do; what needs a request to the client (sampling, elicitation,
roots) is missing, since the gateway sends none.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from typing import Any

from channels.db import database_sync_to_async

from mcp_gateway.providers import Offers, Prompt, ProviderCall, Resource, Template, Tool
from skills_registry import services
from tests.support.packages import assemble

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="  # one red pixel
)
WAV = base64.b64encode(
    b"RIFF%bWAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\4\0\0\0\0\0\0\0"
    % (40).to_bytes(4, "little")
).decode()
PAUSE_SECONDS = 0.02
NO_ARGUMENTS = {"type": "object", "additionalProperties": False}
ADDRESSES_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
REGION_SCHEMA = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    "required": ["region"],
}


def offers() -> Offers:
    """Everything."""
    return Offers(
        tools=[
            saying("test_simple_text", text("This is a simple text response for testing.")),
            saying("test_image_content", image()),
            saying("test_audio_content", {"type": "audio", "data": WAV, "mimeType": "audio/wav"}),
            saying(
                "test_embedded_resource", embedded("test://embedded-resource", "This is an embedded resource content.")
            ),
            saying(
                "test_multiple_content_types",
                text("Multiple content types test:"),
                image(),
                embedded(
                    "test://mixed-content-resource", json.dumps({"test": "data", "value": 123}), "application/json"
                ),
            ),
            tool("test_error_handling", fail),
            tool("test_tool_with_progress", take_three_steps),
            tool("test_tool_with_logging", log_three_times),
            tool("test_logging_tool", log_three_times),
            tool("test_missing_capability", ask_a_model),
            saying("test_streaming_elicitation", text("Nothing was asked: no requests go to clients.")),
            tool("test_trigger_tool_change", publish_something),
            tool("test_trigger_prompt_change", publish_something),
            tool("json_schema_2020_12_tool", echo, ADDRESSES_SCHEMA),
            tool("test_x_mcp_header", echo, REGION_SCHEMA),
        ],
        prompts=[
            prompt("test_simple_prompt", simple_prompt),
            prompt("test_prompt_with_arguments", prompt_with_arguments, "arg1", "arg2"),
            prompt("test_prompt_with_embedded_resource", prompt_with_resource, "resourceUri"),
            prompt("test_prompt_with_image", prompt_with_image),
        ],
        resources=[
            resource("test://static-text", "text/plain", text="This is the content of the static text resource."),
            resource("test://static-binary", "image/png", blob=PNG),
            resource("test://watched-resource", "text/plain", text="Watched."),
        ],
        templates=[
            Template(
                {"uriTemplate": "test://template/{id}/data", "name": "test_template", "mimeType": "application/json"},
                read_template,
            )
        ],
        logging=True,
    )


def text(value: str) -> dict[str, Any]:
    """Content that is text."""
    return {"type": "text", "text": value}


def image() -> dict[str, Any]:
    """Content that is a picture."""
    return {"type": "image", "data": PNG, "mimeType": "image/png"}


def embedded(uri: str, value: str, mime_type: str = "text/plain") -> dict[str, Any]:
    """Content that is a resource."""
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": value}}


def tool(name: str, call: Any, schema: dict[str, Any] = NO_ARGUMENTS) -> Tool:
    """A tool by what calling it does."""
    return Tool({"name": name, "description": f"For the conformance suite: {name}.", "inputSchema": schema}, call)


def saying(name: str, *content: dict[str, Any]) -> Tool:
    """A tool that always says the same."""

    async def call(call: ProviderCall) -> dict[str, Any]:
        return {"content": list(content)}

    return tool(name, call)


def prompt(name: str, get: Any, *arguments: str) -> Prompt:
    """A prompt whose arguments are all required."""
    described = [{"name": argument, "required": True} for argument in arguments]
    return Prompt({"name": name, "description": f"For the conformance suite: {name}.", "arguments": described}, get)


def resource(uri: str, mime_type: str, **body: str) -> Resource:
    """A resource that always has the same content."""

    async def read(call: ProviderCall) -> dict[str, Any]:
        return {"contents": [{"uri": uri, "mimeType": mime_type, **body}]}

    return Resource({"uri": uri, "name": uri.removeprefix("test://"), "mimeType": mime_type}, read)


async def fail(call: ProviderCall) -> dict[str, Any]:
    """What a tool that failed says."""
    return {"content": [text("This tool intentionally returns an error for testing")], "isError": True}


async def echo(call: ProviderCall) -> dict[str, Any]:
    """The arguments."""
    return {"content": [text(json.dumps(call.arguments()))]}


async def take_three_steps(call: ProviderCall) -> dict[str, Any]:
    """Work that tells how far it is."""
    for done in (0, 50, 100):
        await call.progress(done, 100)
        await asyncio.sleep(PAUSE_SECONDS)
    return {"content": [text("Done.")]}


async def log_three_times(call: ProviderCall) -> dict[str, Any]:
    """Work that tells what it does."""
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await call.log("info", said)
        await asyncio.sleep(PAUSE_SECONDS)
    return {"content": [text("Logged.")]}


async def ask_a_model(call: ProviderCall) -> dict[str, Any]:
    """What needs a client that samples."""
    call.require_client("sampling")
    return {"content": [text("The client could be asked.")]}


async def publish_something(call: ProviderCall) -> dict[str, Any]:
    """A new version of a skill, through the registry: a tool and a prompt change."""
    await database_sync_to_async(_publish)()
    return {"content": [text("Published.")]}


def _publish() -> None:
    skill_md = f"---\nname: weathervane\ndescription: Turns with the wind, now {secrets.token_hex(4)}.\n---\n\nTurn.\n"
    version, _ = services.create_version(assemble({"SKILL.md": skill_md.encode()}))
    services.publish(version.skill, version.number)


async def simple_prompt(call: ProviderCall) -> dict[str, Any]:
    """A sentence."""
    return messages(text("This is a simple prompt for testing."))


async def prompt_with_arguments(call: ProviderCall) -> dict[str, Any]:
    """Its arguments."""
    given = call.arguments()
    return messages(text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"))


async def prompt_with_resource(call: ProviderCall) -> dict[str, Any]:
    """A resource by the address that is given."""
    uri = str(call.arguments()["resourceUri"])
    return messages(
        embedded(uri, "Embedded resource content for testing."), text("Please process the embedded resource above.")
    )


async def prompt_with_image(call: ProviderCall) -> dict[str, Any]:
    """A picture and what to do with it."""
    return messages(image(), text("Please analyze the image above."))


def messages(*contents: dict[str, Any]) -> dict[str, Any]:
    """A prompt's messages, all of the user."""
    return {"messages": [{"role": "user", "content": content} for content in contents]}


async def read_template(call: ProviderCall) -> dict[str, Any]:
    """The data of an id."""
    uri = call.text("uri")
    found = uri.removeprefix("test://template/").removesuffix("/data")
    data = {"id": found, "templateTest": True, "data": f"Data for ID: {found}"}
    return {"contents": [{"uri": uri, "mimeType": "application/json", "text": json.dumps(data)}]}
