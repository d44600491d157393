"""What a deployment offers besides skills: tools, prompts, resources and templates of its own (`MCP_PROVIDERS`).

Definitions are written as the newest revision has them in its lists; older ones are given what they know.
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
from .wire.eras.mirrored import Mirrored, mirrored


class ProviderCall(Protocol):
    """The request that a handler answers."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the request."""

    @property
    def caller_name(self) -> str:
        """The caller as the invocation log names it; "" for an anonymous one."""

    @property
    def skill_names(self) -> Sequence[str]:
        """The skills that the caller may see."""

    def text(self, name: str) -> str:
        """A parameter that is a string."""

    def arguments(self) -> dict[str, Any]:
        """The arguments for a tool or prompt, {} where there are none."""

    def meta(self, key: str) -> Any:
        """A value of the request's `_meta`, None where it has none."""

    def require_client(self, *capabilities: str) -> None:
        """Raises JsonRpcError where the client has not declared these capabilities."""

    async def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification before the answer."""

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Send the progress of this request, if the client asked for it."""

    async def log(self, level: str, data: Any, logger: str = "") -> None:
        """Send a log message, if the client asked for this level."""


Handler = Callable[[ProviderCall], Awaitable[dict[str, Any]]]
"""Answers a request with the result as the newest revision defines it. Raises JsonRpcError."""
Completer = Callable[[ProviderCall, str, str, Mapping[str, str]], Awaitable[Sequence[str]]]
"""(call, argument, what was typed, other arguments) -> suggestions, the best first."""

_SKILL_NAME = re.compile(r"[a-z0-9-]*")

offers_changed = Signal()
"""Sent when `current()` has become another."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, by its definition and what calling it does."""

    definition: Mapping[str, Any]
    call: Handler

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def mirrored(self) -> list[Mirrored]:
        """The arguments that headers must repeat (`x-mcp-header`). Raises ValueError where clients refuse it."""
        return mirrored(self.definition["inputSchema"])


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, and what completes its arguments."""

    definition: Mapping[str, Any]
    get: Handler
    complete: Completer | None = None

    @property
    def name(self) -> str:
        return str(self.definition["name"])


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with an address of its own."""

    definition: Mapping[str, Any]
    read: Handler

    @property
    def uri(self) -> str:
        return str(self.definition["uri"])


@dataclass(frozen=True, slots=True)
class Template:
    """Resources with addresses of one form; `read` finds the address in `params["uri"]`."""

    definition: Mapping[str, Any]
    read: Handler
    complete: Completer | None = None

    @property
    def uri_template(self) -> str:
        return str(self.definition["uriTemplate"])

    def matches(self, uri: str) -> bool:
        """Whether an address is of this form: `{name}` stands for a segment, `{+name}` for one or more."""
        parts = re.split(r"\{(\+?)\w+\}", self.uri_template)
        texts, kinds = parts[::2], parts[1::2]
        pattern = re.escape(texts[0]) + "".join(
            (".+" if kind else "[^/]+") + re.escape(text) for kind, text in zip(kinds, texts[1:], strict=True)
        )
        return re.fullmatch(pattern, uri) is not None


Entry = Tool | Prompt | Resource | Template


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that one provider offers, or all of them together."""

    tools: Sequence[Tool] = ()
    prompts: Sequence[Prompt] = ()
    resources: Sequence[Resource] = ()
    templates: Sequence[Template] = ()
    logging: bool = False
    """Whether handlers send log messages, so that the capability is declared."""
    _by_name: Mapping[tuple[type, str], Any] = field(default_factory=dict, compare=False)

    @classmethod
    def together(cls, offers: Iterable[Offers]) -> Offers:
        """All of them. Raises ImproperlyConfigured where one is offered twice, or could be taken for a skill."""
        every = list(offers)
        by_name: dict[tuple[type, str], Any] = {}
        for offer in every:
            entries: list[Entry] = [*offer.tools, *offer.prompts, *offer.resources, *offer.templates]
            for entry in entries:
                name = _name(entry)
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
        """The tool with this name."""
        return self._by_name.get((Tool, name))

    def prompt(self, name: str) -> Prompt | None:
        """The prompt with this name."""
        return self._by_name.get((Prompt, name))

    def template(self, uri_template: str) -> Template | None:
        """The template that is written like this."""
        return self._by_name.get((Template, uri_template))

    def reader(self, uri: str) -> Handler | None:
        """What reads this address."""
        resource: Resource | None = self._by_name.get((Resource, uri))
        if resource is not None:
            return resource.read
        return next((template.read for template in self.templates if template.matches(uri)), None)


NO_OFFERS = Offers()


def _name(entry: Entry) -> str:
    if isinstance(entry, Tool | Prompt):
        if isinstance(entry, Tool) and entry.name in SEARCH_TOOLS:
            raise ImproperlyConfigured(f"MCP_PROVIDERS offer {entry.name!r}, a tool of the gateway's own.")
        if _SKILL_NAME.fullmatch(entry.name):
            raise ImproperlyConfigured(
                f"MCP_PROVIDERS offer {entry.name!r}, which could be a skill's name; use an underscore, dot or capital."
            )
        return entry.name
    address = entry.uri if isinstance(entry, Resource) else entry.uri_template
    if address.lower().startswith("skill:"):
        raise ImproperlyConfigured(f"MCP_PROVIDERS offer {address!r}; addresses that begin with skill: are skills'.")
    return address


def _check_annotations(entry: Entry) -> None:
    try:
        _ = entry.mirrored if isinstance(entry, Tool) else ()
    except ValueError as error:
        raise ImproperlyConfigured(f"MCP_PROVIDERS offer {_name(entry)!r}, which clients refuse: {error}.") from None


@cache
def current() -> Offers:
    """What the providers offer at present."""
    return Offers.together(import_string(path)() for path in settings.MCP_PROVIDERS)


def changed() -> None:
    """Ask the providers again: to be called by one of them when it offers something else. From any thread."""
    current.cache_clear()
    offers_changed.send(sender=None)


def updated(uri: str) -> None:
    """A resource has other content: to be called by its provider, in one process for all. From any thread."""
    resource_updated.send(sender=None, uri=uri)
