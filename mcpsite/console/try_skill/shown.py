"""Wire messages formatted for display."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from skills_registry.packages.agent_view import estimate_tokens

from .exchange import Exchange

SHOWN_MAX = 200_000
"""Maximum number of characters displayed; more makes browsers slow."""
FORMATTED_MAX = 1024 * 1024
"""Larger messages, in bytes, are not reformatted."""


@dataclass(frozen=True)
class Text:
    """A text, and the number of characters cut from its end."""

    text: str
    left_out: int = 0

    @classmethod
    def of(cls, text: str) -> Text:
        """Cut a text to what a page can show."""
        return cls(text[:SHOWN_MAX], max(len(text) - SHOWN_MAX, 0))


@dataclass(frozen=True)
class FormattedExchange:
    """An exchange with formatted messages."""

    exchange: Exchange
    sent: Text
    received: Text

    @classmethod
    def of(cls, exchange: Exchange) -> FormattedExchange:
        """Format both messages; one that is not JSON is left as is."""
        return cls(exchange, _format_body(exchange.sent), _format_body(exchange.received))


@dataclass(frozen=True)
class Outcome:
    """The result of a call: its `failure` ("" for none), and the texts that the model gets."""

    failure: str
    texts: list[Text]
    tokens: int

    @classmethod
    def of(cls, exchange: Exchange) -> Outcome:
        """Parse the answer."""
        answer = exchange.answer
        answer = answer if isinstance(answer, dict) else {}
        result: Mapping[str, Any] = answer.get("result", {})
        texts = list(_texts(result))
        error = answer.get("error")
        failure = _("Error %(code)s: %(message)s") % error if error else ""
        if result.get("isError"):
            failure = _("The tool returned an error. The model sees this text and can correct its call.")
        return cls(failure, [Text.of(text) for text in texts], sum(estimate_tokens(text) for text in texts))


def _texts(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the model's texts in a result of `tools/call`, `prompts/get` or `resources/read`."""
    messages = [message["content"] for message in result.get("messages", [])]
    for item in [*result.get("content", []), *messages, *result.get("contents", [])]:
        if "text" in item:
            yield item["text"]


def _format_body(body: bytes) -> Text:
    text = body.decode("utf-8", "replace")
    if len(body) > FORMATTED_MAX:
        return Text.of(text)
    try:
        return Text.of(json.dumps(json.loads(text), ensure_ascii=False, indent=2))
    except (ValueError, RecursionError):
        return Text.of(text)
