"""Texts of packages on pages, made by worker processes; where one takes too much, what people can use instead."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from skills_registry.bounded.pool import NotDone, run_bounded
from skills_registry.compare.text_diff import TextDiff, View, compare_texts
from skills_registry.rendering.hidden_characters import visible_html
from skills_registry.rendering.highlighting import Source, source_html
from skills_registry.rendering.markdown import Around, Rendered, render_markdown

from .comparison_source import Side
from .raw_files import PICTURES

RENDER_SECONDS = 0.5
COLOUR_SECONDS = 0.5
PLAIN_SECONDS = 0.3
COMPARE_SECONDS = 0.8
"""CPU time for one text."""
PLAIN_MAX = 64 * 1024
"""Characters of a text that are shown as they are where it cannot be rendered."""


def rendered(side: Side, path: str, text: str) -> SafeString:
    """A Markdown file of a package: its links lead to the other files, and their pictures are shown."""
    files = {file["path"]: file["media_type"] for file in side.files}
    around = Around(
        pages={other: side.page(other) for other in files},
        pictures={other: side.address(other) for other, media_type in files.items() if media_type in PICTURES},
        folder=path.rpartition("/")[0],
    )
    shown = _rendered(text, around)
    if shown is None:
        return _plain(text)
    html = mark_safe(shown.html)  # noqa: S308  # the worker has sanitised it
    return (
        html if shown.whole else format_html("{}{}", html, _remark(_("Truncated: the rest of the text is not shown.")))
    )


def source(path: str, text: str) -> Source | None:
    """The lines of a text as HTML: without colours where these take too long, None where even that does."""
    for coloured, seconds in ((True, COLOUR_SECONDS), (False, PLAIN_SECONDS)):
        try:
            return run_bounded(seconds, source_html, path, text, coloured)
        except NotDone as refused:
            if refused.busy:
                break
    return None


def text_diff(before: bytes, after: bytes, view: View) -> TextDiff | None:
    """What differs between two files, None where one is no text. Raises NotDone."""
    return run_bounded(COMPARE_SECONDS, compare_texts, before, after, view)


def _rendered(text: str, around: Around) -> Rendered | None:
    """The text as HTML: without colours where these take too long, None where even that does."""
    has_code = "```" in text or "~~~" in text
    for coloured in (True, False) if has_code else (False,):
        try:
            return run_bounded(RENDER_SECONDS, render_markdown, text, around, coloured)
        except NotDone as refused:
            if refused.busy:
                break
    return None


def _plain(text: str) -> SafeString:
    shown = mark_safe(visible_html(text[:PLAIN_MAX]))  # noqa: S308  # it is escaped
    why = _remark(_("This text takes too long to render. The source is shown instead."))
    more = _remark(_("Truncated: the rest of the text is not shown.")) if len(text) > PLAIN_MAX else ""
    return format_html("{}<pre>{}</pre>{}", why, shown, more)


def _remark(text: str) -> SafeString:
    return format_html('<p class="sk-quiet">{}</p>', text)
