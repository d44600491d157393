"""Scans files for what a reviewer should look at before agents follow it. Pure.

A finding does not reject a package. It points at a line; `texts` says why that line matters.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from skills_registry.media_types import decode_text
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.packages.paths import printable
from skills_registry.packages.problems import Finding

EXCERPT_MAX = 160
KIND_MAX = 50
FINDINGS_MAX = 500


class File(Protocol):
    """A file of a package."""

    @property
    def path(self) -> str:
        """Path in the package."""

    @property
    def content(self) -> bytes:
        """The file's bytes."""


# Texts can have many megabytes, so each pattern starts with one of few characters, for which the engine searches
# quickly, and has no nested repetition.
@dataclass(frozen=True)
class _Rule:
    code: str
    severity: str
    pattern: re.Pattern[str]
    skill_md_only: bool = False


_RULES = (
    _Rule(
        "dynamic-command",
        "medium",
        re.compile(r"!(?<!\S!)`[^`\n]+`|```!"),
        skill_md_only=True,
    ),
    _Rule(
        "private-key",
        "high",
        re.compile(r"-----BEGIN (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----"),
    ),
    _Rule(
        "access-key",
        "high",
        re.compile(
            r"A(?<!\wA)[KS]IA[A-Z0-9]{16}\b|g(?<!\wg)h[pousr]_[A-Za-z0-9]{36,}\b|s(?<!\ws)k-ant-[A-Za-z0-9_-]{20,}|"
            r"x(?<!\wx)ox[baprs]-[A-Za-z0-9-]{20,}"
        ),
    ),
    _Rule(
        "hidden-text",
        "high",
        re.compile(
            "[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\u200b\u2060](?:(?<![\u200b\u2060])|[\u200b\u2060])"
        ),
    ),
)


def scan(files: Iterable[File]) -> tuple[Finding, ...]:
    """Find what a reviewer should look at in a package's text files, in order of files and lines.

    At most `KIND_MAX` findings of a kind in a file, and `FINDINGS_MAX` in all; the last one then says
    that there are more.
    """
    findings = list(itertools.islice(_findings(files), FINDINGS_MAX))
    if len(findings) == FINDINGS_MAX:
        params = {"limit": FINDINGS_MAX}
        findings[-1] = replace(findings[-1], code="more-findings", severity="high", params=params)
    return tuple(findings)


def _findings(files: Iterable[File]) -> Iterator[Finding]:
    for file in files:
        text = decode_text(file.content)
        if text is not None:
            rules = [rule for rule in _RULES if file.path == SKILL_MD or not rule.skill_md_only]
            yield from sorted(
                (finding for rule in rules for finding in _matches(rule, file.path, text)),
                key=lambda finding: finding.line,
            )


def _matches(rule: _Rule, path: str, text: str) -> Iterator[Finding]:
    """The first matches of a rule, at most one on each line."""
    line, counted, last = 1, 0, 0
    for match in itertools.islice(rule.pattern.finditer(text), KIND_MAX):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if line > last:
            last = line
            yield Finding(rule.code, rule.severity, path, line, _excerpt(text, match.start()))


def _excerpt(text: str, at: int) -> str:
    """The line around a match, shortened."""
    start = max(text.rfind("\n", 0, at) + 1, at - 40)
    return printable(text[start : start + EXCERPT_MAX].partition("\n")[0].strip())
