"""Excerpts of a text: a line and its context, for reviewers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from skills_registry.compare.line_diff import split_lines

AROUND = 2
SHOWN_MAX = 300
"""Characters shown of a line."""


@dataclass(frozen=True)
class ExcerptLine:
    """A line of an excerpt; `number` counts from 1, `is_target` marks the line that the excerpt is about."""

    number: int
    text: str
    is_target: bool


class Excerpts:
    """Makes excerpts of texts by path; splits a text into lines when first needed."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._lines: dict[str, list[str]] = {}

    def around(self, path: str, number: int | None) -> list[ExcerptLine]:
        """The line with this number (from 1) and its context; empty if there is no such line or text."""
        if path not in self._texts or number is None:
            return []
        lines = self._lines.setdefault(path, split_lines(self._texts[path]))
        if not 1 <= number <= len(lines):
            return []
        first, last = max(number - AROUND, 1), min(number + AROUND, len(lines))
        return [ExcerptLine(n, _cut(lines[n - 1].rstrip("\r\n")), n == number) for n in range(first, last + 1)]


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]} …"
