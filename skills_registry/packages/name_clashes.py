"""Packages that come together -> those of which one would become a version of the other by accident. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .paths import path_params, printable
from .problems import Problem


def name_clashes(packages: Iterable[tuple[str, str, str]]) -> dict[str, Problem]:
    """The problem of each place whose skill has the name of another one, with other contents.

    `packages` are place, name of the skill, and digest. Equal packages do not clash: they are one version.
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
