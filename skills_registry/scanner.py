"""Package -> findings: what a reviewer should look at before agents are told to follow it. Pure.

A finding does not keep a package out; it points at a line and says why it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .manifest_fields import SKILL_MD
from .media_types import text_of
from .package import Package, PackageFile
from .paths import printable

EXCERPT_MAX = 160


@dataclass(frozen=True)
class Finding:
    """One thing to look at: where it is, what it is, and why it matters; `line` counts from 1."""

    code: str
    severity: str
    file: str
    line: int
    excerpt: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        """The finding as the API and the stored reports show it."""
        return asdict(self)


@dataclass(frozen=True)
class _Rule:
    code: str
    severity: str
    pattern: re.Pattern[str]
    why: str
    skill_md_only: bool = False


_RULES = (
    _Rule(
        "dynamic-command",
        "medium",
        re.compile(r"(?:^|\s)!`[^`\n]+`|^\s*```!", re.MULTILINE),
        "Some clients run this command on the user's machine before the model sees the text; this server never does.",
        skill_md_only=True,
    ),
    _Rule(
        "private-key",
        "high",
        re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
        "A private key in a package is readable by everyone who may read the skill.",
    ),
    _Rule(
        "access-key",
        "high",
        re.compile(
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bsk-ant-[A-Za-z0-9_-]{20,}|"
            r"\bxox[baprs]-[A-Za-z0-9-]{20,}"
        ),
        "This looks like a secret of a service; packages are readable by everyone who may read the skill.",
    ),
    _Rule(
        "hidden-text",
        "high",
        re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]|[\u200b\u2060]{2}"),
        "Invisible or direction-reversing characters can hide instructions from a reviewer that a model will read.",
    ),
)


def scan(package: Package) -> tuple[Finding, ...]:
    """Everything in the package's text files that a reviewer should look at, in order of file and line."""
    return tuple(finding for file in package.files for finding in _scan_file(file))


def _scan_file(file: PackageFile) -> Iterator[Finding]:
    text = text_of(file.content)
    if text is None:
        return
    applicable = [rule for rule in _RULES if file.path == SKILL_MD or not rule.skill_md_only]
    rules = [rule for rule in applicable if rule.pattern.search(text)]
    if not rules:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        for rule in rules:
            if match := rule.pattern.search(line):
                start = max(0, match.start() - 40)
                excerpt = printable(line[start : start + EXCERPT_MAX].strip())
                yield Finding(rule.code, rule.severity, file.path, number, excerpt, rule.why)
