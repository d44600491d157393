"""Frontmatter that YAML refuses and clients read, mended: only the lines that need it, to what they look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills_registry.packages.delimiter_mending import mend_delimiters
from skills_registry.packages.frontmatter_mending import mend_frontmatter
from skills_registry.packages.manifest import Manifest, parse_manifest, split_document
from skills_registry.packages.problems import InvalidSkill, Mended
from skills_registry.texts.render import render_problem


def document(*lines: str, end: str = "\n") -> str:
    """A SKILL.md with these lines after `name`, which is on line 2."""
    return end.join(["---", "name: my-skill", *lines, "---", "Do.", ""])


def offered(text: str) -> Mended | None:
    """What is offered for a SKILL.md that is refused."""
    with pytest.raises(InvalidSkill) as refused:
        parse_manifest(text)
    return refused.value.mended


def mended(text: str) -> Manifest:
    """What it is after the mend."""
    found = offered(text)
    assert found is not None
    return parse_manifest(found.text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "value",
    [
        "Use when: asked",
        "Use when: asked: twice",
        "@everyone may use it",
        "`code` first",
        "%d of them",
        "*important* to know",
        "& more",
        "!important to know",
        "[draft] what it does",
        "[a] [b]",
        "{a} and {b}",
        "it's: fine",
        "'quoted' first: then not",
        '"Quoted" first',
        "> folded, as it seems",
        "| literal, as it seems",
        "? a question",
        "- a dash: and more",
        "a: b # no comment",
        "yes",
        "12",
        "1.5",
        "trailing: ",
        "技能: 用于测试",
    ],
)
def test_value_is_read_as_it_looks(value: str, end: str) -> None:
    text = document(f"description: {value}", "license: MIT", end=end)
    try:
        assert parse_manifest(text).description == value.strip()  # some of these are valid YAML
    except InvalidSkill:
        assert mended(text).description == value.strip()
        found = offered(text)
        assert found is not None
        lines, after = text.split(end), found.text.split(end)
        assert [number for number, pair in enumerate(zip(lines, after, strict=True), 1) if pair[0] != pair[1]] == [3]
        assert [(mend.line, mend.before, mend.after) for mend in found.mends] == [(3, lines[2], after[2])]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("'It's here'", "It's here"),
        ('"C:\\dir"', "C:\\dir"),
        ('"He said "hi" there"', 'He said "hi" there'),
    ],
)
def test_quotes_around_a_value_are_no_part_of_it(value: str, read: str) -> None:
    assert mended(document(f"description: {value}")).description == read


def test_value_on_several_lines_is_folded() -> None:
    text = document("description: Use when: asked,", "  or it's", "", "  needed now", "license: MIT")
    assert mended(text).description == "Use when: asked, or it's\nneeded now"


def test_values_in_lists_and_below_keys_are_mended_too() -> None:
    text = document("description: x", "metadata:", "\tauthor: @me", "\thome: a: b", "paths:", "- *.py", "- `x`")
    manifest = mended(text)
    assert manifest.frontmatter["metadata"] == {"author": "@me", "home": "a: b"}
    assert manifest.frontmatter["paths"] == ["*.py", "`x`"]


def test_hint_of_an_argument_is_text() -> None:
    for value in ("[a] [b]", "[--flag: x]", "[file] | [folder]", "<a>: b"):
        text = document("description: x", f"argument-hint: {value}")
        assert mended(text).frontmatter["argument-hint"] == value


@pytest.mark.parametrize(
    "lines",
    [
        ('description: "not closed',),
        ("description: 'not closed: here",),
        ("description: [not, closed",),
        ('description: "an \\"escape\\" and "more"',),
        ("description: x", "  license: MIT"),
        ("description: x", "no colon"),
        ("description: x", "description: y"),
        ("description: x", "metadata:", "  a: b", "metadata:", "  a: c"),
        ("description: x", "a: &b c", "d: *b"),
        ("description: !!binary abc=",),
        ("description: x\x07: y",),
    ],
)
def test_nothing_is_offered_where_something_else_may_be_meant(lines: tuple[str, ...]) -> None:
    assert offered(document(*lines)) is None


def test_block_texts_stay_as_they_are() -> None:
    text = document("description: |", "  Use when: asked", "  @here", "argument-hint: [a] [b]")
    found = offered(text)
    assert found is not None
    assert [mend.line for mend in found.mends] == [6]
    assert parse_manifest(found.text).description == "Use when: asked\n@here\n"


def test_all_that_is_to_be_mended_is_told_with_its_line() -> None:
    with pytest.raises(InvalidSkill) as refused:
        parse_manifest(document("description: a: b", "license: MIT", "argument-hint: [a] [b]", "metadata:", "\ta: b"))
    assert [(p.code, p.line, p.params["case"], p.params["write"]) for p in refused.value.errors] == [
        ("yaml-syntax", 3, "colon", "description: 'a: b'"),
        ("yaml-syntax", 5, "further", "argument-hint: '[a] [b]'"),
        ("yaml-syntax", 7, "further-tab", "a: b"),
    ]
    hint = render_problem(refused.value.errors[1])["hint"]
    assert hint == "Put the value in quotes. Write: `argument-hint: '[a] [b]'`."


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.text(" ab:#'\"[]{}*&!|>@`%-,\\", min_size=1)), max_size=4))
def test_mend_changes_only_broken_lines_and_gives_valid_yaml(values: list[tuple[str, str]]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in values)
    found = mend_frontmatter(text)
    if found is not None:
        made, mends = found
        assert mend_frontmatter(made) is None
        changed = {mend.line for mend in mends}
        gone = {mend.line for mend in mends if mend.after is None}
        kept = [line for number, line in enumerate(text.split("\n"), 1) if number not in gone]
        numbers = [number for number in range(1, text.count("\n") + 2) if number not in gone]
        for number, before, after in zip(numbers, kept, made.split("\n"), strict=True):
            assert (before != after) == (number in changed)


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("\n\n---\nname: x\n---\nDo.\n", 1, "Remove everything before it."),
        (" ---\nname: x\n---\nDo.\n", 1, "Remove everything before it."),
        ("---name: x\n---\nDo.\n", 1, "Begin a new line after `---`."),
        ("--- # My skill\nname: x\n---\nDo.\n", 1, "Begin a new line after `---`."),
        ("---\nname: x\n---# Title\nDo.\n", 3, "Write just `---` on this line, and what follows it on the next one."),
        (
            "---\r\nname: x\r\n  ---\r\nDo.\r\n",
            3,
            "Write just `---` on this line, and what follows it on the next one.",
        ),
        ("---\nname: x\n----\nDo.\n", 3, "Write just `---` on this line, and what follows it on the next one."),
    ],
)
def test_line_of_hyphens_that_is_wrong_is_told(text: str, line: int, hint: str) -> None:
    with pytest.raises(InvalidSkill) as refused:
        parse_manifest(text)
    (problem,) = refused.value.errors
    assert (problem.line, render_problem(problem)["hint"]) == (line, hint)


def test_field_that_is_there_twice_with_one_value_is_left_out() -> None:
    text = document("description: x", "metadata:", "  a: b", "license: MIT", "description: x", "metadata:", "  a: b")
    found = offered(text)
    assert found is not None
    assert found.text == document("description: x", "metadata:", "  a: b", "license: MIT")
    assert [(mend.line, mend.before, mend.after) for mend in found.mends] == [
        (7, "description: x", None),
        (8, "metadata:", None),
        (9, "  a: b", None),
    ]


FIELDS = "name: my-skill\ndescription: x\n"
RIGHT = f"---\n{FIELDS}---\n"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"\n\n---\n{FIELDS}---\nDo.\n", f"{RIGHT}Do.\n"),
        (f" ---\n{FIELDS}---\nDo.\n", f"{RIGHT}Do.\n"),
        (f"\ufeff\n---\n{FIELDS}---\nDo.\n", f"{RIGHT}Do.\n"),
        (f"\ufeff\ufeff---\n{FIELDS}---\nDo.\n", f"{RIGHT}Do.\n"),
        (f"----\n{FIELDS}---\nDo.\n", f"{RIGHT}Do.\n"),
        (f"----\n{FIELDS}----\nDo.\n", f"{RIGHT}Do.\n"),
        (f"---\n{FIELDS}----\nDo.\n\n  ---\n", f"{RIGHT}Do.\n\n  ---\n"),
        (f"---\n{FIELDS}  ---\nDo.\n", f"{RIGHT}Do.\n"),
        (f"---\n{FIELDS}\nDo.\n", f"{RIGHT}\nDo.\n"),
        (f"---\n{FIELDS}# Title\n\nDo this.\n", f"{RIGHT}# Title\n\nDo this.\n"),
        (f"\n---\n{FIELDS}\n- Do.\n", f"{RIGHT}\n- Do.\n"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_hyphens_are_mended(text: str, made: str, end: str) -> None:
    found = offered(text.replace("\n", end))
    assert found is not None
    assert found.text == made.replace("\n", end)
    assert parse_manifest(found.text).name == "my-skill"


def test_lines_of_hyphens_and_values_are_mended_together() -> None:
    text = "\n---\nname: my-skill\ndescription: Use when: asked\n\nDo.\n"
    found = offered(text)
    assert found is not None
    assert found.text == "---\nname: my-skill\ndescription: 'Use when: asked'\n---\n\nDo.\n"
    assert [(mend.line, mend.before, mend.after) for mend in found.mends] == [
        (1, "", None),
        (4, "description: Use when: asked", "description: 'Use when: asked'"),
        (5, None, "---"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"# Title\n---\n{FIELDS}---\nDo.\n",
        f"---\n{FIELDS}",
        f"---\n{FIELDS}Do this.\n",
        f"---\n{FIELDS}\nlicense: MIT\n\nDo.\n",
        f"---\n{FIELDS}metadata:\n\n  a: b\n\nDo.\n",
        f"---\n{FIELDS}# a comment\nlicense: MIT\n\nDo.\n",
        f"---\n{FIELDS}----\n",
        "---\n\nDo.\n",
        "---\njust text\n\nDo.\n",
        f"--- # My skill\n{FIELDS}---\nDo.\n",
        "\n" * 2_000 + f"---\n{FIELDS}---\nDo.\n",
    ],
)
def test_where_the_frontmatter_ends_is_not_guessed(text: str) -> None:
    assert offered(text) is None


@given(st.text("-\n \ufeff#a:x\r", max_size=60))
def test_text_whose_lines_of_hyphens_are_mended_is_read(text: str) -> None:
    head = mend_delimiters(text)
    if head is not None:
        assert text.startswith(head.before)
        assert mend_delimiters(head.after) is None
        split_document(head.after + text[len(head.before) :])
