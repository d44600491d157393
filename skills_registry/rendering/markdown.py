"""Markdown rendered to sanitised HTML. Pure.

Some texts take time and memory quadratic in their length. Call this in a worker process.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from time import process_time
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments.token import STANDARD_TYPES

from .highlighting import code_html

_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False})
    .enable(["table", "strikethrough"])
    .use(footnote_plugin, inline=False)
    .use(tasklists_plugin, label=True)
)
RENDERED_MAX = 128 * 1024
"""Characters of a text that are rendered; the rest is left out."""
HTML_MAX = 4 * 1024 * 1024
"""Longest HTML, in characters; a text with more is not rendered."""
FENCED_MAX = 16 * 1024
FENCED_SECONDS = 0.15
"""Characters of fenced code, and CPU time, that highlighting may take for one text."""
_TAGS = nh3.ALLOWED_TAGS | {"input", "label"}
_ATTRIBUTES = {
    "a": {"href", "id"},
    "img": {"src", "alt"},
    "input": {"checked"},
    "li": {"id"},
    "span": {"title"},
}
_CLASSES = {
    "li": {"task-list-item", "footnote-item"},
    "ol": {"contains-task-list", "footnotes-list"},
    "span": {f"hl-{kind}" for kind in STANDARD_TYPES.values() if kind} | {"sk-invisible"},
    "sup": {"footnote-ref"},
    "ul": {"contains-task-list"},
}
_FORCED = {"input": {"type": "checkbox", "disabled": ""}}
"""Only task checkboxes are allowed; with other fields, a package could ask for a password."""
_FOOTNOTE = re.compile(r"fn(ref)?\d+(:\d+)?")


@dataclass(frozen=True)
class LinkContext:
    """Targets of relative links: URLs of files, and of pictures, by path."""

    pages: Mapping[str, str]
    pictures: Mapping[str, str]
    folder: str
    """Folder of the text itself."""


@dataclass(frozen=True)
class Rendered:
    """Sanitised HTML; `whole` if no text is missing."""

    html: str
    whole: bool


def render_markdown(text: str, around: LinkContext, coloured: bool) -> Rendered | None:
    """Render untrusted Markdown: no raw HTML, scripts, styles or external images.

    A relative link to a missing file becomes its text, an image its description. Fenced code is highlighted
    if `coloured`. None if the HTML is longer than HTML_MAX.
    """
    tokens = _MARKDOWN.parse(text[:RENDERED_MAX])
    for token in tokens:
        if token.children:
            token.children = list(_resolve_links(token.children, around))
    options = deepcopy(_MARKDOWN.options)
    options["highlight"] = _FenceHighlighter().html if coloured else None
    html = _MARKDOWN.renderer.render(tokens, options, {})
    if len(html) > HTML_MAX:
        return None
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        allowed_classes=_CLASSES,
        set_tag_attribute_values=_FORCED,
        url_schemes={"http", "https", "mailto"},
    )
    return Rendered(clean, whole=len(text) <= RENDERED_MAX)


class _FenceHighlighter:
    """Highlights the fenced code of one text until its budget is used up."""

    def __init__(self) -> None:
        self._left = FENCED_MAX
        self._until = process_time() + FENCED_SECONDS

    def html(self, code: str, language: str, _attributes: str) -> str:
        """The code as HTML; "" leaves it to markdown-it, which escapes it."""
        self._left -= len(code)
        if self._left < 0 or process_time() > self._until:
            return ""
        return code_html(language, code) or ""


def _resolve_links(tokens: Sequence[Token], around: LinkContext) -> Iterator[Token]:
    """Resolve relative URLs in the tokens."""
    kept = True
    for token in tokens:
        if token.type == "link_open":
            address = _resolve(str(token.attrGet("href") or ""), around)
            kept = address is not None
            token.attrSet("href", address or "")
        if token.type == "image":
            path, _end = _split_address(str(token.attrGet("src") or ""), around.folder)
            source = around.pictures.get(path) if path else None
            token.attrSet("src", source or "")
            yield token if source else Token("text", "", 0, content=token.content)
        elif kept or token.type not in ("link_open", "link_close"):
            yield token


def _resolve(address: str, around: LinkContext) -> str | None:
    path, end = _split_address(address, around.folder)
    if not path:
        return address
    page = around.pages.get(path)
    return None if page is None else page + end


def _split_address(address: str, folder: str) -> tuple[str, str]:
    """Path in the package of a relative URL ("" for other URLs), and its fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc or not parts.path:
        return "", ""
    end = f"#{parts.fragment}" if parts.fragment else ""
    return posixpath.normpath(posixpath.join(folder, unquote(parts.path))), end


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    """Drop ids except those of footnotes, and external sources of images.

    An external image would tell its server who is reading which skill.
    """
    if name == "id" and not _FOOTNOTE.fullmatch(value):
        return None
    elsewhere = (tag, name) == ("img", "src") and (not value.startswith("/") or value.startswith("//"))
    return None if elsewhere else value
