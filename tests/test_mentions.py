"""Files that a SKILL.md names, and that agents will not find."""

from __future__ import annotations

import pytest

from skills_registry.packages.archive import read_archive

from .support.packages import skill_md, zip_of

FILES = {"scripts/run.py": "x", "references/guide.md": "x", "templates/a b.md": "x", "examples/one/in.txt": "x"}


def told(body: str, **fields: str) -> list[tuple[str, int | None]]:
    """The code and line of each warning about a file; the body begins on line 6."""
    package = read_archive(zip_of({"SKILL.md": skill_md(body=body, **fields), **FILES}))
    return [(problem.code, problem.line) for problem in package.warnings if problem.code.startswith("file-")]


@pytest.mark.parametrize(
    "body",
    [
        "Run `python scripts/walk.py`.",
        "Run scripts/walk.py.",
        "Run ./scripts/walk.py, then wait.",
        "Run `${CLAUDE_SKILL_DIR}/scripts/walk.py`.",
        "See [the guide](references/other.md).",
        "See [the guide](references/other.md#part-2).",
        "See [the guide](./references/other.md).",
        "See [the guide](OTHER.md).",
        "See [the guide](<references/other.md>).",
        "Fill in templates/b.md.",
        "```bash\npython scripts/walk.py\n```",
    ],
)
def test_file_that_is_not_there_is_told(body: str) -> None:
    assert told(body) == [("file-missing", 7 if body.startswith("```") else 6)]


@pytest.mark.parametrize(
    "body",
    [
        "See ../shared/guide.md.",
        "Run `python ../shared/run.py`.",
        "See [the guide](../shared/guide.md).",
        "See [the guide](references/../../guide.md).",
        "Run ${CLAUDE_PLUGIN_ROOT}/scripts/run.py.",
        'Run "$CLAUDE_PLUGIN_ROOT/run.py".',
    ],
)
def test_file_outside_of_the_package_is_told(body: str) -> None:
    assert told(body) == [("file-outside-package", 6)]


@pytest.mark.parametrize(
    "body",
    [
        "Run scripts/run.py. See [it](references/guide.md#top), [that](templates/a%20b.md) and [all](examples/one).",
        "See [a](https://example.org/scripts/x.py), https://example.org/scripts/x.py and [b](#scripts/x.py).",
        "See [a](mailto:a@example.org), [b](/etc/passwd), [c](skill://other/SKILL.md) and [d](url).",
        "Write `scripts/<name>.py`, `scripts/*.py`, `scripts/{name}.py`, scripts/your-script.py and scripts/...",
        "Look at src/main.py, lib/x.js and node_modules/a/b.js of the project.",
        "Either/or.and and/or.",
        "```python\nopen('scripts/x.py')\n[a](b.md)\n```",
        "```\nsrc/\n  references/\n  other.md\nlib/scripts/x.py\n```",
        "~~~markdown\nSee [more](references/none.md) and `../x.md`.\n~~~",
        "````\n```bash\nrun assets/none.sh\n```\n````",
        "Write `[text](target.md)` for a link.",
    ],
)
def test_what_leads_to_no_file_of_the_package_is_left_alone(body: str) -> None:
    assert told(body) == []


def test_path_is_told_once_and_of_very_many_the_first() -> None:
    assert told("Run scripts/a.py.\nRun scripts/a.py.") == [("file-missing", 6)]
    assert len(told("\n".join(f"scripts/{number}.py" for number in range(200)))) == 50


def test_hook_that_runs_a_file_of_a_plugin_is_told() -> None:
    assert told("Do.", hooks='{command: "${CLAUDE_PLUGIN_ROOT}/x.sh"}') == [("file-outside-package", 4)]


@pytest.mark.parametrize(
    "text",
    ["scripts/" * 400_000, "a/b." * 800_000, "](" * 1_600_000, "../" * 1_000_000, "`" * 3_000_000, "\n" * 3_000_000],
    ids=["folders", "points", "links", "up", "code", "lines"],
)
def test_text_that_takes_long_to_look_through_is_cut(text: str) -> None:
    assert len(told(f"Do.\n{text}")) <= 50
