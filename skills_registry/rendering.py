"""Markdown as HTML for people to read: rendered, then sanitised. Pure.

With some texts the time and memory this takes grow with the square of their length. Call it in a worker process.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
RENDERED_MAX = 128 * 1024
"""Characters of a text that are rendered; the rest of a longer one is left out."""
HTML_MAX = 4 * 1024 * 1024
"""Characters of HTML; a text that makes more is not shown rendered."""
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}}


@dataclass(frozen=True)
class Around:
    """What relative links of a text lead to: the addresses of files, and of those that are pictures, by path."""

    pages: Mapping[str, str]
    pictures: Mapping[str, str]
    folder: str
    """Where the text itself is."""


@dataclass(frozen=True)
class Rendered:
    """A text as HTML that is safe to show; `whole`: all of it."""

    html: str
    whole: bool


def render_markdown(text: str, around: Around) -> Rendered | None:
    """HTML of a Markdown text of unknown origin: no raw HTML, no scripts, no styles, no images from elsewhere.

    A relative link that leads to nothing in the package is its text, and an image its description. None
    where the HTML would be too long for a page.
    """
    tokens = _MARKDOWN.parse(text[:RENDERED_MAX])
    for token in tokens:
        if token.children:
            token.children = list(_led(token.children, around))
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    if len(html) > HTML_MAX:
        return None
    clean = nh3.clean(html, attributes=_ATTRIBUTES, attribute_filter=_only_own, url_schemes={"http", "https", "mailto"})
    return Rendered(clean, whole=len(text) <= RENDERED_MAX)


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
            source = around.pictures.get(path) if path else None
            token.attrSet("src", source or "")
            yield token if source else Token("text", "", 0, content=token.content)
        elif kept or token.type not in ("link_open", "link_close"):
            yield token


def _resolved(address: str, around: Around) -> str | None:
    path, end = _path(address, around.folder)
    if not path:
        return address
    page = around.pages.get(path)
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
