"""Text of packages on pages: escaped, and with nothing hidden in it."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from skills_registry import remarks
from skills_registry.highlighting import Part
from skills_registry.visible import visible_parts
from skills_registry.word_diff import Line, Piece

register = template.Library()


@register.filter
def visible(text: object) -> SafeString:
    """A text with its invisible characters written out."""
    return format_html_join(
        "", "{}", ((_invisible(part, name) if name else part,) for part, name in visible_parts(str(text)))
    )


@register.filter
def in_words(text: str) -> str:
    """What a rule says of a package, in the reader's language."""
    return remarks.in_words(text)


@register.filter
def coloured(parts: Iterable[Part]) -> SafeString:
    """A line of source text; each part has the class of its kind."""
    return format_html_join("", "{}", ((_coloured(kind, text),) for kind, text in parts))


@register.filter
def line(shown: Line, mark: str) -> SafeString:
    """A line of a diff; what differs in it is within `mark` (ins or del)."""
    return format_html_join("", "{}", ((_piece(piece, mark),) for piece in shown.pieces))


@register.filter
def line_end(end: str) -> str:
    """The name of a line end."""
    return {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}.get(end) or gettext("no newline at the end")


def _coloured(kind: str, text: str) -> SafeString:
    shown = visible(text)
    return format_html('<span class="hl-{}">{}</span>', kind, shown) if kind else shown


def _piece(piece: Piece, mark: str) -> SafeString:
    text = visible(piece.text)
    if piece.marked:
        text = format_html("<{0}>{1}</{0}>", mark, text)
    if piece.hidden:
        more = ngettext("%(count)s more character", "%(count)s more characters", piece.hidden) % {"count": piece.hidden}
        text = format_html('{}<span class="sk-elided">… {}</span>', text, more)
    return text


def _invisible(code: str, name: str) -> SafeString:
    return format_html('<span class="sk-invisible" title="{}">{}</span>', name, code)
