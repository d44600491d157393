"""Finds different packages with one skill name, which would become versions of one skill. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .paths import path_params, printable
from .problems import Problem


def name_clashes(packages: Iterable[tuple[str, str, str]]) -> dict[str, Problem]:
    """A problem for each place whose package shares its skill name with a different package.

    `packages` are tuples of place, skill name and digest. Equal packages do not clash: they are one version.
    """
    by_name: dict[str, dict[str, str]] = defaultdict(dict)
    for place, name, digest in packages:
        by_name[name.casefold()][place] = digest
    clashing = {name: found for name, found in by_name.items() if len(set(found.values())) > 1}
    return {
        place: _problem(name, [other for other in found if other != place])
        for name, found in clashing.items()
        for place in found
    }


def _problem(name: str, others: list[str]) -> Problem:
    return Problem("name-clash", {"name": printable(name), **path_params(others)})
