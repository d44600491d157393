"""Render texts of packages in worker processes, with a fallback for texts that take too long."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from skills_registry.bounded.pool import JobFailed, run_bounded
from skills_registry.compare.text_diff import TextDiff, View, compare_texts
from skills_registry.rendering.hidden_characters import visible_html
from skills_registry.rendering.highlighting import Source, source_html
from skills_registry.rendering.markdown import LinkContext, Rendered, render_markdown

from .comparison_source import Side
from .raw_files import PICTURES

RENDER_SECONDS = 0.5
COLOUR_SECONDS = 0.5
PLAIN_SECONDS = 0.3
COMPARE_SECONDS = 0.8
"""CPU time for one text, in seconds."""
PLAIN_MAX = 64 * 1024
"""Characters of the source shown when a text cannot be rendered."""


def render_document(side: Side, path: str, text: str) -> SafeString:
    """Render a Markdown file of a package, with links to and pictures from its other files."""
    files = {file["path"]: file["media_type"] for file in side.files}
    around = LinkContext(
        pages={other: side.page(other) for other in files},
        pictures={other: side.address(other) for other, media_type in files.items() if media_type in PICTURES},
        folder=path.rpartition("/")[0],
    )
    shown = _render_within_limits(text, around)
    if shown is None:
        return _plain_html(text)
    html = mark_safe(shown.html)  # noqa: S308  # the worker has sanitised it
    return (
        html if shown.whole else format_html("{}{}", html, _notice(_("Truncated: the rest of the text is not shown.")))
    )


def highlight_source(path: str, text: str) -> Source | None:
    """Highlight a text as HTML lines: without colours if they take too long, None if even that does."""
    for coloured, seconds in ((True, COLOUR_SECONDS), (False, PLAIN_SECONDS)):
        try:
            return run_bounded(seconds, source_html, path, text, coloured)
        except JobFailed as failure:
            if failure.busy:
                break
    return None


def diff_texts(before: bytes, after: bytes, view: View) -> TextDiff | None:
    """Compare two files line by line; None if one is not text. Raises JobFailed."""
    return run_bounded(COMPARE_SECONDS, compare_texts, before, after, view)


def _render_within_limits(text: str, around: LinkContext) -> Rendered | None:
    """Render Markdown: without colours if they take too long, None if even that does."""
    has_code = "```" in text or "~~~" in text
    for coloured in (True, False) if has_code else (False,):
        try:
            return run_bounded(RENDER_SECONDS, render_markdown, text, around, coloured)
        except JobFailed as failure:
            if failure.busy:
                break
    return None


def _plain_html(text: str) -> SafeString:
    shown = mark_safe(visible_html(text[:PLAIN_MAX]))  # noqa: S308  # it is escaped
    why = _notice(_("This text takes too long to render. The source is shown instead."))
    more = _notice(_("Truncated: the rest of the text is not shown.")) if len(text) > PLAIN_MAX else ""
    return format_html("{}<pre>{}</pre>{}", why, shown, more)


def _notice(text: str) -> SafeString:
    return format_html('<p class="sk-quiet">{}</p>', text)
