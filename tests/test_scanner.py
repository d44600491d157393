"""What a reviewer is pointed at before agents are told to follow a package."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skills_registry.findings.scanner import FINDINGS_MAX, KIND_MAX, scan
from skills_registry.packages.package import Package
from tests.samples.zip_writer import SKILL_MD

from .support.packages import assemble

# Written in two parts, so that no scanner takes this file for a leak.
KEY_HEAD = "-----BEGIN " + "RSA PRIVATE KEY-----"
ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB_TOKEN = "ghp_" + "a1B2" * 9
ANTHROPIC_KEY = "sk-ant-" + "api03-" + "x" * 20
SLACK_TOKEN = "xoxb-" + "1234567890-" * 3


def packed(body: str = "Do.\n", /, **files: Any) -> Package:
    """A package of a SKILL.md that ends in `body`, and other files with their text or bytes."""
    contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    package = assemble({"SKILL.md": SKILL_MD + body.encode(), **contents})
    return replace(package, findings=scan(package.files))


def found(package: Package) -> list[tuple[str, str, int]]:
    return [(finding.code, finding.file, finding.line) for finding in package.findings]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Run !`git status` first.", "dynamic-command"),
        ("!`ls`", "dynamic-command"),
        ("```!", "dynamic-command"),
        ("  ```! bash", "dynamic-command"),
        (KEY_HEAD, "private-key"),
        ("-----BEGIN PRIVATE " + "KEY-----", "private-key"),
        ("-----BEGIN OPENSSH PRIVATE " + "KEY-----", "private-key"),
        (f"key = {ACCESS_KEY}", "access-key"),
        (f"token: '{GITHUB_TOKEN}'", "access-key"),
        (ANTHROPIC_KEY, "access-key"),
        (f"({SLACK_TOKEN})", "access-key"),
        ("safe \u202e desrever", "hidden-text"),
        ("isolated \u2067 text", "hidden-text"),
        ("tags \U000e0041\U000e0042", "hidden-text"),
        ("spaces \u200b\u200b of no width", "hidden-text"),
    ],
)
def test_a_line_that_needs_a_look_is_found_at_its_place(line: str, code: str) -> None:
    assert found(packed(f"One.\n\n{line}\nTwo.\n")) == [(code, "SKILL.md", 8)]


@pytest.mark.parametrize(
    "line",
    [
        "Wow!` is no command",
        "Hello!`world`",
        "```python",
        "-----BEGIN PUBLIC " + "KEY-----",
        "-----BEGIN CERTIFICATE-----",
        ACCESS_KEY[:-1],
        "x" + ACCESS_KEY,
        GITHUB_TOKEN[:20],
        "\U0001f469\u200d\U0001f4bb works",
        "\u0645\u0644\u0641 \u05e7\u05d5\u05d1\u05e5",
    ],
)
def test_an_ordinary_line_is_not_found(line: str) -> None:
    assert found(packed(f"{line}\n")) == []


def test_commands_are_looked_for_only_where_a_client_would_run_them() -> None:
    assert found(packed(**{"notes.md": "!`ls`\n"})) == []


def test_secrets_and_hidden_text_are_looked_for_in_every_text_file() -> None:
    package = packed(**{"scripts/run.py": f"x = 1\nkey = '{ACCESS_KEY}'\n", "b.txt": "\n\n\u202e\n"})
    assert found(package) == [("hidden-text", "b.txt", 3), ("access-key", "scripts/run.py", 2)]


def test_files_that_are_no_text_are_passed_over() -> None:
    assert found(packed(**{"a.bin": ACCESS_KEY.encode() + b"\0", "b.bin": b"\xff" + ACCESS_KEY.encode()})) == []


def test_findings_come_in_order_of_file_and_line_and_once_a_line() -> None:
    package = packed(f"{ACCESS_KEY}\n!`a` !`b`\n{ACCESS_KEY}\u202e\n", **{"a.md": f"{KEY_HEAD}\n"})
    assert found(package) == [
        ("access-key", "SKILL.md", 6),
        ("dynamic-command", "SKILL.md", 7),
        ("access-key", "SKILL.md", 8),
        ("hidden-text", "SKILL.md", 8),
        ("private-key", "a.md", 1),
    ]


def test_an_excerpt_shows_the_line_around_the_match_and_nothing_invisible() -> None:
    (finding,) = packed("before\n" + "x" * 500 + " look\u202ehere " + "y" * 500 + "\nafter\n").findings
    assert "look\\u202ehere" in finding.excerpt
    assert finding.excerpt.isprintable()
    assert len(finding.excerpt) < 200
    assert finding.as_dict()["line"] == 7


def test_one_kind_of_finding_does_not_fill_the_report() -> None:
    package = packed("!`a`\n" * 1000, **{"b.md": f"{ACCESS_KEY}\n"})
    assert found(package)[-1] == ("access-key", "b.md", 1)
    assert len(package.findings) == KIND_MAX + 1


def test_a_report_that_is_cut_off_says_so() -> None:
    findings = packed(**{f"{number:03}.md": f"{ACCESS_KEY}\n" * 40 for number in range(20)}).findings
    assert len(findings) == FINDINGS_MAX
    assert [finding.code for finding in findings].count("more-findings") == 1
    assert (findings[-1].code, findings[-1].params) == ("more-findings", {"limit": FINDINGS_MAX})
