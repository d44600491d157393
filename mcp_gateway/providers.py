"""Tools, prompts, resources and resource templates that a deployment adds to the skills (`MCP_PROVIDERS`).

Definitions follow the newest revision. For older clients, fields their revision doesn't know are removed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.dispatch import Signal
from django.utils.module_loading import import_string

from .signals import resource_updated
from .tool_names import SEARCH_TOOLS
from .wire.eras.mirrored import MirroredArgument, mirrored_arguments


class ProviderCall(Protocol):
    """The request passed to a handler."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the request."""

    @property
    def caller_name(self) -> str:
        """The caller's name in the invocation log; "" if anonymous."""

    @property
    def skill_names(self) -> Sequence[str]:
        """The names of the skills the caller may see."""

    def text(self, name: str) -> str:
        """Return a string parameter."""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments for a tool or prompt, {} by default."""

    def meta(self, key: str) -> Any:
        """Return a value from the request's `_meta`, None if missing."""

    def require_client(self, *capabilities: str) -> None:
        """Require client capabilities. Raises JsonRpcError."""

    async def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification before the response."""

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Report progress, if the client asked for it."""

    async def log(self, level: str, data: Any, logger: str = "") -> None:
        """Send a log message, if the client asked for this level."""


Handler = Callable[[ProviderCall], Awaitable[dict[str, Any]]]
"""Returns a result as the newest revision defines it. Raises JsonRpcError."""
Completer = Callable[[ProviderCall, str, str, Mapping[str, str]], Awaitable[Sequence[str]]]
"""(call, argument name, typed text, other arguments) -> suggestions, best first."""

_SKILL_NAME = re.compile(r"[a-z0-9-]*")

offers_changed = Signal()
"""Sent when the result of `current()` has changed."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its definition, and the handler that runs it."""

    definition: Mapping[str, Any]
    call: Handler

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def mirrored_arguments(self) -> list[MirroredArgument]:
        """The arguments that headers must repeat (`x-mcp-header`). Raises ValueError for a wrong mark."""
        return mirrored_arguments(self.definition["inputSchema"])


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, with optional completion of its arguments."""

    definition: Mapping[str, Any]
    get: Handler
    complete: Completer | None = None

    @property
    def name(self) -> str:
        return str(self.definition["name"])


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with a fixed URI."""

    definition: Mapping[str, Any]
    read: Handler

    @property
    def uri(self) -> str:
        return str(self.definition["uri"])


@dataclass(frozen=True, slots=True)
class Template:
    """A resource template; `read` gets the URI from `params["uri"]`."""

    definition: Mapping[str, Any]
    read: Handler
    complete: Completer | None = None

    @property
    def uri_template(self) -> str:
        return str(self.definition["uriTemplate"])

    def matches(self, uri: str) -> bool:
        """Return whether a URI matches: `{name}` stands for one segment, `{+name}` for one or more."""
        parts = re.split(r"\{(\+?)\w+\}", self.uri_template)
        texts, kinds = parts[::2], parts[1::2]
        pattern = re.escape(texts[0]) + "".join(
            (".+" if kind else "[^/]+") + re.escape(text) for kind, text in zip(kinds, texts[1:], strict=True)
        )
        return re.fullmatch(pattern, uri) is not None


Entry = Tool | Prompt | Resource | Template


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything one provider offers, or all providers together."""

    tools: Sequence[Tool] = ()
    prompts: Sequence[Prompt] = ()
    resources: Sequence[Resource] = ()
    templates: Sequence[Template] = ()
    logging: bool = False
    """Whether handlers send log messages; declares the capability `logging`."""
    _by_name: Mapping[tuple[type, str], Any] = field(default_factory=dict, compare=False)

    @classmethod
    def merge(cls, offers: Iterable[Offers]) -> Offers:
        """Merge the offers of several providers. Raises ImproperlyConfigured for a duplicate or reserved name."""
        every = list(offers)
        by_name: dict[tuple[type, str], Any] = {}
        for offer in every:
            entries: list[Entry] = [*offer.tools, *offer.prompts, *offer.resources, *offer.templates]
            for entry in entries:
                name = _check_name(entry)
                if (type(entry), name) in by_name:
                    raise ImproperlyConfigured(f"MCP_PROVIDERS offer {name!r} twice.")
                _check_annotations(entry)
                by_name[type(entry), name] = entry
        return cls(
            tools=[tool for offer in every for tool in offer.tools],
            prompts=[prompt for offer in every for prompt in offer.prompts],
            resources=[resource for offer in every for resource in offer.resources],
            templates=[template for offer in every for template in offer.templates],
            logging=any(offer.logging for offer in every),
            _by_name=by_name,
        )

    def tool(self, name: str) -> Tool | None:
        return self._by_name.get((Tool, name))

    def prompt(self, name: str) -> Prompt | None:
        return self._by_name.get((Prompt, name))

    def template(self, uri_template: str) -> Template | None:
        return self._by_name.get((Template, uri_template))

    def reader(self, uri: str) -> Handler | None:
        """Return the handler that reads this URI."""
        resource: Resource | None = self._by_name.get((Resource, uri))
        if resource is not None:
            return resource.read
        return next((template.read for template in self.templates if template.matches(uri)), None)


NO_OFFERS = Offers()


def _check_name(entry: Entry) -> str:
    if isinstance(entry, Tool | Prompt):
        if isinstance(entry, Tool) and entry.name in SEARCH_TOOLS:
            raise ImproperlyConfigured(f"MCP_PROVIDERS offer {entry.name!r}, which is a tool of the gateway.")
        if _SKILL_NAME.fullmatch(entry.name):
            raise ImproperlyConfigured(
                f"MCP_PROVIDERS offer {entry.name!r}, which could be a skill's name; use an underscore, dot or capital."
            )
        return entry.name
    address = entry.uri if isinstance(entry, Resource) else entry.uri_template
    if address.lower().startswith("skill:"):
        raise ImproperlyConfigured(f"MCP_PROVIDERS offer {address!r}; URIs that begin with skill: are reserved.")
    return address


def _check_annotations(entry: Entry) -> None:
    try:
        _ = entry.mirrored_arguments if isinstance(entry, Tool) else ()
    except ValueError as error:
        raise ImproperlyConfigured(
            f"MCP_PROVIDERS offer {_check_name(entry)!r}, which clients refuse: {error}."
        ) from None


@cache
def current() -> Offers:
    """Return the current offers of all providers."""
    return Offers.merge(import_string(path)() for path in settings.MCP_PROVIDERS)


def changed() -> None:
    """Reload the offers. A provider calls this when its offers change, from any thread."""
    current.cache_clear()
    offers_changed.send(sender=None)


def updated(uri: str) -> None:
    """Announce new content of a resource. Its provider calls this in one process, from any thread."""
    resource_updated.send(sender=None, uri=uri)
