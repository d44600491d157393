"""Problems and findings of a package as codes and parameters; `texts` renders them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]
Param = str | int | list[str]
"""A value filled into a text; a list holds the first few of several values."""
Params = Mapping[str, Param]

LISTED_MAX = 200
"""Most errors, and most warnings, in one report; reports are stored, and nobody reads more."""


@dataclass(frozen=True)
class Problem:
    """An error or a warning about a package.

    `code` is stable, for programs; `params` are the values in its text. A code with several texts has the
    parameter `case`; a line that can be mended has the corrected line in `write`.
    `file` is a path in the package ("" for the whole package); `line` counts from 1.
    """

    code: str
    params: Params = field(default_factory=dict)
    file: str = ""
    line: int | None = None
    severity: Severity = "error"

    def as_dict(self) -> dict[str, Any]:
        """The problem as stored in reports, independent of language."""
        return asdict(self)

    @property
    def place(self) -> str:
        """Location as editors write it, `SKILL.md:3`; "" for the whole package."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.code) if part)


@dataclass(frozen=True)
class Finding:
    """Something that a reviewer should look at; `line` counts from 1, `params` are the values in its text."""

    code: str
    severity: str
    file: str
    line: int
    excerpt: str
    params: Params = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The finding as stored in reports, independent of language."""
        return asdict(self)


@dataclass(frozen=True)
class Mend:
    """A correction of one line of SKILL.md; `line` counts from 1.

    `before` is None for a line to insert before this one; `after` is None for a line to remove.
    """

    line: int
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Mended:
    """A corrected SKILL.md, and its differences from the original."""

    text: str
    mends: tuple[Mend, ...]


class Refusal(ValueError):
    """Invalid input; `code` and `params` say why, like those of a problem."""

    def __init__(self, code: str, params: Params | None = None) -> None:
        self.code = code
        self.params: Params = params or {}
        super().__init__(code)


class InvalidSkill(Exception):
    """A package was rejected; carries all its problems, not just the first.

    `skill_md` is the text of SKILL.md, for showing its lines; "" if it could not be read.
    `mended` is the corrected text, if its errors can be mended safely.
    """

    def __init__(self, problems: Iterable[Problem], skill_md: str = "", mended: Mended | None = None) -> None:
        self.problems = tuple(problems)
        self.skill_md = skill_md
        self.mended = mended
        super().__init__("; ".join(str(problem) for problem in self.errors))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems for which the package is rejected."""
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems for which a package is not rejected."""
        return tuple(p for p in self.problems if p.severity == "warning")


class Report:
    """Collects problems while a package is read, so that all are reported together."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._counts: dict[Severity, int] = {"error": 0, "warning": 0}

    def error(self, code: str, params: Params | None = None, *, file: str = "", line: int | None = None) -> None:
        """Add an error: the package is rejected."""
        self._add(Problem(code, params or {}, file, line, "error"))

    def warning(self, code: str, params: Params | None = None, *, file: str = "", line: int | None = None) -> None:
        """Add a warning: the operator decides."""
        self._add(Problem(code, params or {}, file, line, "warning"))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems found elsewhere."""
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
        """Whether there is any error so far."""
        return self._counts["error"] > 0

    def raise_if_failed(self) -> None:
        """Raise InvalidSkill with all problems so far, if any is an error."""
        if self.failed:
            raise InvalidSkill(self.problems)
