"""Messages as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from skills_registry.packages.agent_view import estimate_tokens

from .exchange import Exchange

SHOWN_MAX = 200_000
"""So many characters of a message are shown; browsers become slow with more."""
LAID_OUT_MAX = 1024 * 1024
"""Bytes of a message up to which it is laid out; a longer one is shown as it came."""


@dataclass(frozen=True)
class Text:
    """A text with the number of characters that are left out at its end."""

    text: str
    left_out: int = 0

    @classmethod
    def of(cls, text: str) -> Text:
        """As much of a text as a page can show."""
        return cls(text[:SHOWN_MAX], max(len(text) - SHOWN_MAX, 0))


@dataclass(frozen=True)
class Shown:
    """An exchange with its messages laid out."""

    exchange: Exchange
    sent: Text
    received: Text

    @classmethod
    def of(cls, exchange: Exchange) -> Shown:
        """Lay out both messages; one that is not JSON stays as it came."""
        return cls(exchange, _laid_out(exchange.sent), _laid_out(exchange.received))


@dataclass(frozen=True)
class Outcome:
    """What came of a call: its `failure` in words ("" for none), and what of the answer goes to the model."""

    failure: str
    texts: list[Text]
    tokens: int

    @classmethod
    def of(cls, exchange: Exchange) -> Outcome:
        """Read it from the answer."""
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
    """The texts for the model in a result of `tools/call`, `prompts/get` or `resources/read`."""
    messages = [message["content"] for message in result.get("messages", [])]
    for item in [*result.get("content", []), *messages, *result.get("contents", [])]:
        if "text" in item:
            yield item["text"]


def _laid_out(body: bytes) -> Text:
    text = body.decode("utf-8", "replace")
    if len(body) > LAID_OUT_MAX:
        return Text.of(text)
    try:
        return Text.of(json.dumps(json.loads(text), ensure_ascii=False, indent=2))
    except (ValueError, RecursionError):
        return Text.of(text)
