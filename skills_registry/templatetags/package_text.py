"""Template filters for text from packages: escape it and make invisible characters visible."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from skills_registry.compare.text_diff import HtmlLine, LineFragment, marked_html
from skills_registry.compare.word_diff import Piece
from skills_registry.rendering.hidden_characters import visible_html
from skills_registry.rendering.highlighting import Source

register = template.Library()


@register.filter
def visible(text: object) -> SafeString:
    """Escape a text and write out its invisible characters."""
    return mark_safe(visible_html(str(text)))  # noqa: S308  # it is escaped


@register.filter
def source_lines(source: Source) -> SafeString:
    """The highlighted lines of a text as HTML."""
    return mark_safe(source.html)  # noqa: S308  # `source_html` escapes it


@register.filter
def line(shown: HtmlLine) -> SafeString:
    """A line of a diff as HTML."""
    return mark_safe("".join(map(_part, shown.parts)))  # noqa: S308  # `compare_texts` escapes it


@register.filter
def marked(pieces: Sequence[Piece], mark: str) -> SafeString:
    """A text as HTML, with the differing pieces in `mark` elements (`ins` or `del`)."""
    return mark_safe(marked_html(pieces, mark))  # noqa: S308  # it is escaped


@register.filter
def line_end(end: str) -> str:
    """The name of a line ending."""
    return {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}.get(end) or gettext("no newline at the end")


def _part(part: LineFragment) -> str:
    if not part.hidden:
        return part.html
    more = ngettext("%(count)s more character", "%(count)s more characters", part.hidden) % {"count": part.hidden}
    return f'{part.html}<span class="sk-elided">… {escape(more)}</span>'
