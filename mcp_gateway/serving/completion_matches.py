"""Matches typed text against words, for completion. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def best_matches(typed: str, words: Iterable[str]) -> list[str]:
    """Return the matching words, best first: those with the text as prefix, as substring, as subsequence."""
    sought = typed.casefold()
    ranked = ((_rank(sought, word.casefold()), word) for word in words)
    return [word for rank, word in sorted(pair for pair in ranked if pair[0] is not None)]


def _rank(sought: str, word: str) -> int | None:
    if word.startswith(sought):
        return 0
    if sought in word:
        return 1
    letters = iter(word)
    return 2 if all(letter in letters for letter in sought) else None
