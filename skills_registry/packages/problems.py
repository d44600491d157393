"""What can be wrong with a skill package: codes and values, which `texts` puts into words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]
Param = str | int | list[str]
"""A value that is put into a text; in a list the first few of several."""
Params = Mapping[str, Param]

LISTED_MAX = 200
"""So many errors, and so many warnings, are listed; nobody reads more, and reports are stored."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or odd) in a package.

    `code` is stable and meant for programs; `params` are the values that its text names. A code with several
    texts has a `case` among them, and a line that can be mended is there as `write`, as it should be.
    `file` is a path in the package ("" for the package as a whole); `line` counts from 1.
    """

    code: str
    params: Params = field(default_factory=dict)
    file: str = ""
    line: int | None = None
    severity: Severity = "error"

    def as_dict(self) -> dict[str, Any]:
        """The problem as reports are stored, in no language."""
        return asdict(self)

    @property
    def place(self) -> str:
        """Where it is, as editors write it: `SKILL.md:3`; "" for the package as a whole."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.code) if part)


@dataclass(frozen=True)
class Finding:
    """One thing to look at: what it is and where; `line` counts from 1, `params` are the values in its text."""

    code: str
    severity: str
    file: str
    line: int
    excerpt: str
    params: Params = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The finding as reports are stored, in no language."""
        return asdict(self)


@dataclass(frozen=True)
class Mend:
    """A line of SKILL.md (from 1) as it is and as it should be.

    `before` is None for a line that is missing before this one, `after` for one that is to go.
    """

    line: int
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Mended:
    """A SKILL.md that would be accepted, and how it differs from the one that was given."""

    text: str
    mends: tuple[Mend, ...]


class Refusal(ValueError):
    """Something given that cannot be kept; `code` and `params` say why, as those of a problem."""

    def __init__(self, code: str, params: Params | None = None) -> None:
        self.code = code
        self.params: Params = params or {}
        super().__init__(code)


class InvalidSkill(Exception):
    """A package that cannot be accepted; carries all its problems, not just the first.

    `skill_md` is the text they are about, "" where it could not be read; for those who show its lines.
    `mended` is the same text without its mistakes, where they can be mended safely.
    """

    def __init__(self, problems: Iterable[Problem], skill_md: str = "", mended: Mended | None = None) -> None:
        self.problems = tuple(problems)
        self.skill_md = skill_md
        self.mended = mended
        super().__init__("; ".join(str(problem) for problem in self.errors))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the package out."""
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that alone would not keep it out."""
        return tuple(p for p in self.problems if p.severity == "warning")


class Report:
    """Collects the problems found while a package is read, so that all are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._counts: dict[Severity, int] = {"error": 0, "warning": 0}

    def error(self, code: str, params: Params | None = None, *, file: str = "", line: int | None = None) -> None:
        """Note a problem that keeps the package out."""
        self._add(Problem(code, params or {}, file, line, "error"))

    def warning(self, code: str, params: Params | None = None, *, file: str = "", line: int | None = None) -> None:
        """Note a problem that an operator should know of and may accept."""
        self._add(Problem(code, params or {}, file, line, "warning"))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over problems found elsewhere."""
        for problem in problems:
            self._add(problem)

    def _add(self, problem: Problem) -> None:
        severity = problem.severity
        self._counts[severity] += 1
        if self._counts[severity] <= LISTED_MAX:
            self.problems.append(problem)
        elif self._counts[severity] == LISTED_MAX + 1:
            params = {"case": severity, "limit": LISTED_MAX}
            self.problems.append(Problem("more-problems", params, severity=severity))

    @property
    def failed(self) -> bool:
        """Whether any problem so far is an error."""
        return self._counts["error"] > 0

    def raise_if_failed(self) -> None:
        """Raise InvalidSkill with everything found so far, if any of it is an error."""
        if self.failed:
            raise InvalidSkill(self.problems)
