"""What the author of a bad SKILL.md is told: every problem at once, each at its line, with a way to mend it."""

from __future__ import annotations

import pytest

from skills_registry.packages.manifest import parse_manifest
from skills_registry.packages.manifest_fields import Rules, argument_names
from skills_registry.packages.problems import InvalidSkill, Problem
from skills_registry.texts.render import problem_line, render_problem

WRITTEN_IN_EVERY_WAY = pytest.mark.parametrize(
    ("start", "line_end"), [("", "\n"), ("", "\r\n"), ("", "\r"), ("\ufeff", "\n"), ("\ufeff", "\r\n")]
)

MANY_PROBLEMS = """\
---
name: My Skill
description:
license: [MIT]
compatibility: ""
metadata:
  io.modelcontextprotocol/x: 1
  version: 1.0
allowed-tools: {}
arguments: 1st 1st
user-invocable: "no"
color: red
---
"""


def problems_of(text: str, folder: str = "") -> tuple[Problem, ...]:
    try:
        return parse_manifest(text, Rules(folder=folder, require_folder_name=True)).warnings
    except InvalidSkill as refused:
        return refused.problems


def codes_and_lines(text: str) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in problems_of(text)]


def only_problem(fields: str) -> Problem:
    (problem,) = problems_of(f"---\n{fields}\n---\nDo.\n")
    return problem


@WRITTEN_IN_EVERY_WAY
def test_every_field_that_is_wrong_is_told_at_once_at_its_own_line(start: str, line_end: str) -> None:
    assert codes_and_lines(start + MANY_PROBLEMS.replace("\n", line_end)) == [
        ("body-empty", 13),
        ("name-invalid", 2),
        ("field-empty", 3),
        ("field-not-text", 4),
        ("compatibility-length", 5),
        ("metadata-reserved", 7),
        ("metadata-not-text", 7),
        ("metadata-not-text", 8),
        ("field-not-text", 9),
        ("argument-name-invalid", 10),
        ("argument-duplicate", 10),
        ("field-not-boolean", 11),
        ("field-unknown", 12),
    ]


@WRITTEN_IN_EVERY_WAY
def test_what_yaml_allows_and_we_do_not_is_told_at_once_beside_wrong_fields(start: str, line_end: str) -> None:
    text = (
        "---\nname: my_skill\ndescription: *nowhere\nlicense: !mine MIT\nlicense: MIT\n"
        'metadata:\n  <<: {a: b}\n  c: "\\0"\n  d: !!int x\n  ? [e]\n  : f\n  g: yes\nallowed-tools: 1\n---\nDo.\n'
    )
    assert codes_and_lines(start + text.replace("\n", line_end)) == [
        ("yaml-alias", 3),
        ("yaml-tag", 4),
        ("yaml-duplicate-key", 5),
        ("yaml-merge-key", 7),
        ("yaml-character", 8),
        ("yaml-value", 9),
        ("yaml-complex-key", 10),
        ("yaml-ambiguous", 12),
        ("name-invalid", 2),
        ("field-not-text", 13),
    ]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("name: x\ndescription: use: this", 3),
        ("name: x\ndescription: 'one\n  two\nlicense: MIT", 3),
        ("name: x\ntags: [a,\n  b\ndescription: y", 5),
        ("name: x\ntags: [a", 3),
        ("name: x\ndescription: y\nlicense", 4),
        ("name: x\njust words\ndescription: y", 3),
        ("name: x\nmetadata:\n\ta: b", 4),
        ("name: x\ndescription: >-\n  folded\n  text\nlicense: @", 6),
        ('name: x\ndescription: "one\n\n  \\q"', 5),
    ],
)
@WRITTEN_IN_EVERY_WAY
def test_a_syntax_error_is_told_where_it_can_be_mended(fields: str, line: int, start: str, line_end: str) -> None:
    text = f"---\n{fields}\n---\nDo.\n"
    assert codes_and_lines(start + text.replace("\n", line_end)) == [("yaml-syntax", line)]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_what_only_yaml_takes_for_a_line_end_is_not_counted_as_a_line(separator: str) -> None:
    text = f'---\nname: x\ndescription: "one{separator}two"\nlicense: 1\n---\nDo.\n'
    assert codes_and_lines(text) == [("yaml-ambiguous", 3), ("field-not-text", 4)]


def test_an_empty_body_does_not_hide_a_syntax_error() -> None:
    assert codes_and_lines("---\nname: [\n---\n") == [("body-empty", 3), ("yaml-syntax", 2)]


def test_everything_before_a_syntax_error_is_told_with_it() -> None:
    assert codes_and_lines("---\nname: *a\nlicense: !b c\nx: ]\n---\nDo.\n") == [
        ("yaml-alias", 2),
        ("yaml-tag", 3),
        ("yaml-syntax", 4),
    ]


def test_empty_frontmatter_lacks_both_required_fields() -> None:
    assert codes_and_lines("---\n---\nDo.\n") == [("field-missing", 1)] * 2
    assert codes_and_lines("---\n# nothing yet\n---\nDo.\n") == [("field-missing", 1)] * 2


def test_a_field_that_yaml_refused_is_not_also_called_missing() -> None:
    assert codes_and_lines("---\nname: x\ndescription: !own y\n---\nDo.\n") == [("yaml-tag", 3)]


def test_a_name_can_be_too_long_and_invalid_and_not_the_folders() -> None:
    problems = problems_of(f"---\nname: {'A' * 65}\ndescription: x\n---\nDo.\n", folder="other")
    assert [problem.code for problem in problems] == ["name-too-long", "name-invalid", "name-not-folder"]


def test_a_name_must_be_the_folders_where_there_is_one() -> None:
    text = "---\nname: my-skill\ndescription: x\n---\nDo.\n"
    assert parse_manifest(text, Rules(folder="my-skill")).name == "my-skill"
    assert parse_manifest(text).name == "my-skill"
    (problem,) = problems_of(text, folder="My\u202eSkill")
    assert (problem.code, problem.line) == ("name-not-folder", 2)
    assert problem.params == {"name": "my-skill", "folder": "My\\u202eSkill"}


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("My Skill", "my-skill"),
        ("caf\u00e9_au lait", "cafe-au-lait"),
        ("--x--y--", "x-y"),
        ("\u6280\u80fd", "my-skill"),
        ("A" * 63 + " B", "a" * 63),
        ("v1.2", "v1-2"),
    ],
)
def test_an_invalid_name_comes_with_one_that_is_valid(name: str, suggestion: str) -> None:
    problems = problems_of(f"---\nname: {name}\ndescription: x\n---\nDo.\n")
    assert problems[-1].params["suggestion"] == suggestion
    assert parse_manifest(f"---\nname: {suggestion}\ndescription: x\n---\nDo.\n").name == suggestion


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ("name: 12\ndescription: x", "Put it in quotes."),
        ("name: x\ndescription: [y]", "Write a single text value instead."),
        ("name: x\ndescription: a: b", "in quotes, fold it"),
        ("name: x\ndescription: @y", "Put the value in quotes."),
        ("name: x\ndescription: y\nmetadata:\n\ta: b", "Indent with spaces."),
        ('name: x\ndescription: "C:\\dir"', "Use single quotes"),
        ("name: x\ndescription: y\nlicense", "Write `key: value`"),
        ("name: x\ndescription: y\nmetadata:\n  v: 1.0", 'Put it in quotes: v: "...".'),
        ("name: x\ndescription: y\nallowed-tools: [Read, Bash]", 'allowed-tools: "Read Bash"'),
        ("name: x\ndescription: y\nlicense: 010", "Put it in quotes."),
        ("name: x\ndescription: y\nx-count: 010", None),
    ],
)
def test_a_hint_says_what_to_write(fields: str, hint: str | None) -> None:
    problems = problems_of(f"---\n{fields}\n---\nDo.\n")
    if hint is None:
        assert [render_problem(problem)["hint"] for problem in problems if problem.code == "yaml-ambiguous"] == [
            'Write x-count: "010" if it is text, else x-count: 8'
        ]
    else:
        assert hint in render_problem(problems[-1])["hint"]


def test_a_long_description_is_counted_without_the_line_end_that_folding_leaves() -> None:
    assert parse_manifest(f"---\nname: x\ndescription: >\n  {'d' * 1024}\n---\nDo.\n").warnings == ()


def test_a_long_description_can_be_allowed_and_is_then_a_warning() -> None:
    text = f"---\nname: x\ndescription: {'d' * 1025}\n---\nDo.\n"
    manifest = parse_manifest(text, Rules(allow_long_description=True))
    (problem,) = manifest.warnings
    assert (problem.code, problem.severity) == ("description-too-long", "warning")
    assert problem.params == {"case": "allowed", "count": 1025, "limit": 1024}


def test_a_value_never_reaches_a_message_unescaped() -> None:
    text = '---\nname: "a\\u202eb"\ndescription: x\n"\\u2066k": 1\n"t": !a%E2%80%AEb c\n---\nDo.\n'
    problems = problems_of(text)
    assert {"name-invalid", "field-unknown", "yaml-tag"} <= {problem.code for problem in problems}
    assert all(str(value).isprintable() for problem in problems for value in problem.params.values())


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        ("file format", ("file", "format")),
        (["file", "format"], ("file", "format")),
        ("", ()),
        ([], ()),
        (None, ()),
    ],
)
def test_argument_names_may_be_written_as_words_or_as_a_list(declared: object, names: tuple[str, ...]) -> None:
    assert argument_names({"arguments": declared}) == names


def test_a_skill_may_declare_no_arguments() -> None:
    assert argument_names({}) == ()


def test_a_problem_reads_as_one_line_with_its_place() -> None:
    assert problem_line(Problem("body-nul", file="SKILL.md", line=3)) == "SKILL.md:3: there is a NUL character"
    assert problem_line(Problem("entry-duplicate", file="a.md")) == "a.md: this is in the zip twice"
    assert problem_line(Problem("package-empty")) == "the package holds no files"


def test_a_problem_can_be_stored() -> None:
    assert Problem("code", {"count": 2}, "file", 1).as_dict() == {
        "code": "code",
        "params": {"count": 2},
        "file": "file",
        "line": 1,
        "severity": "error",
    }


def test_a_refusal_tells_errors_from_warnings_and_names_only_errors() -> None:
    refused = InvalidSkill([Problem("a", file="x"), Problem("b", severity="warning")])
    assert [problem.code for problem in refused.errors] == ["a"]
    assert [problem.code for problem in refused.warnings] == ["b"]
    assert str(refused) == "x: a"
