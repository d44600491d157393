"""SKILL.md as HTML for people to read: rendered, then sanitised."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}}


@dataclass(frozen=True)
class Around:
    """What relative links of a text lead to: the addresses of a file and of a picture by path, None for no such one."""

    page: Callable[[str], str | None]
    picture: Callable[[str], str | None]
    folder: str
    """Where the text itself is."""


def render_markdown(text: str, around: Around) -> SafeString:
    """HTML of a Markdown text of unknown origin: no raw HTML, no scripts, no styles, no images from elsewhere.

    A relative link that leads to nothing in the package is its text, and an image its description.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.children:
            token.children = list(_led(token.children, around))
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    clean = nh3.clean(html, attributes=_ATTRIBUTES, attribute_filter=_only_own, url_schemes={"http", "https", "mailto"})
    return mark_safe(clean)  # noqa: S308  # sanitised in the line above


def _led(tokens: Sequence[Token], around: Around) -> Iterator[Token]:
    """The tokens with their relative addresses resolved."""
    kept = True
    for token in tokens:
        if token.type == "link_open":
            address = _resolved(str(token.attrGet("href") or ""), around)
            kept = address is not None
            token.attrSet("href", address or "")
        if token.type == "image":
            path, _end = _path(str(token.attrGet("src") or ""), around.folder)
            source = around.picture(path) if path else None
            token.attrSet("src", source or "")
            yield token if source else Token("text", "", 0, content=token.content)
        elif kept or token.type not in ("link_open", "link_close"):
            yield token


def _resolved(address: str, around: Around) -> str | None:
    path, end = _path(address, around.folder)
    if not path:
        return address
    page = around.page(path)
    return None if page is None else page + end


def _path(address: str, folder: str) -> tuple[str, str]:
    """The path in the package that a relative address means ("" for one of another kind), and its fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc or not parts.path:
        return "", ""
    end = f"#{parts.fragment}" if parts.fragment else ""
    return posixpath.normpath(posixpath.join(folder, unquote(parts.path))), end


def _only_own(tag: str, name: str, value: str) -> str | None:
    """Drop the source of a picture from elsewhere, which would tell its server who reviews what."""
    elsewhere = (tag, name) == ("img", "src") and (not value.startswith("/") or value.startswith("//"))
    return None if elsewhere else value
