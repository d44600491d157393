"""Renders problems, findings and refusals in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from django.utils.translation import gettext

from skills_registry.packages.problems import Finding, Problem, Refusal

from .findings import FINDING_TEXTS
from .problems import KINDS, PROBLEM_TEXTS, WRITE
from .refusals import REFUSAL_TEXTS
from .text import Text, text_key


class Inspected(Protocol):
    """Anything with a report: an inspection, or a version with its stored report."""

    @property
    def warnings(self) -> Iterable[Problem | Mapping[str, Any]]:
        """Problems for which it is not rejected."""

    @property
    def findings(self) -> Iterable[Finding | Mapping[str, Any]]:
        """What a reviewer should look at."""


def render_report(inspected: Inspected) -> dict[str, list[dict[str, Any]]]:
    """Render the `warnings` and `findings` of an inspection or a version."""
    return {
        "warnings": [render_problem(problem) for problem in inspected.warnings],
        "findings": [render_finding(finding) for finding in inspected.findings],
    }


def render_problem(problem: Problem | Mapping[str, Any]) -> dict[str, Any]:
    """Render a problem with `message` and `hint`, as pages and the API show it.

    Reports stored by earlier releases have no parameters but finished texts, which are kept.
    """
    fields = problem.as_dict() if isinstance(problem, Problem) else problem
    if "params" not in fields:
        return {**fields, "params": {}}
    code, params = fields["code"], fields["params"]
    text = _text(PROBLEM_TEXTS, code, params)
    hint = _filled(text.hint, params)
    if "write" in params:
        hint = gettext(WRITE).format(advice=hint, line=params["write"])
    return {"code": code, "message": _filled(text.message, params), "hint": hint, **fields}


def problem_line(problem: Problem) -> str:
    """Render a problem as one line for logs and commands: its place, if any, and its message."""
    return ": ".join(part for part in (problem.place, render_problem(problem)["message"]) if part)


def render_finding(finding: Finding | Mapping[str, Any]) -> dict[str, Any]:
    """Render a finding with `why`, as pages and the API show it; old stored reports as in `render_problem`."""
    fields = finding.as_dict() if isinstance(finding, Finding) else finding
    if "params" not in fields:
        return {**fields, "params": {}}
    text = _text(FINDING_TEXTS, fields["code"], fields["params"])
    return {**fields, "why": _filled(text.message, fields["params"])}


def render_refusal(refusal: Refusal) -> str:
    """Render why tags or edits were refused."""
    return _filled(_text(REFUSAL_TEXTS, refusal.code, refusal.params).message, refusal.params)


def join_names(names: Sequence[str], count: int) -> str:
    """Join names with commas; if `count` is larger than their number, add how many more there are."""
    shown = ", ".join(names)
    if count <= len(names):
        return shown
    return gettext("{names} and {count} more").format(names=shown, count=f"{count - len(names):,}")


def _text(table: Mapping[str, Text], code: str, params: Mapping[str, Any]) -> Text:
    """The text of a code, or the code itself if this release does not know it."""
    return table.get(text_key(code, params)) or Text(code)


def _filled(text: str, params: Mapping[str, Any]) -> str:
    words = {name: _in_words(name, value, params) for name, value in params.items()}
    return gettext(text).format_map(_Values(words)) if text else ""  # gettext("") is the catalog's header


def _in_words(name: str, value: Any, params: Mapping[str, Any]) -> str:
    if isinstance(value, list):
        return join_names(value, params.get("count", len(value)))
    if isinstance(value, int):
        return f"{value:,}"
    return gettext(KINDS.get(value, value)) if name == "kind" else str(value)


class _Values(dict[str, str]):
    """Values of a text; those missing from old stored reports become an ellipsis."""

    def __missing__(self, name: str) -> str:
        return "…"
