"""Clients read a SKILL.md themselves and compare: what is served is what each of them reads, or the author is warned.

PyYAML reads YAML 1.1, ruamel.yaml 1.2; FastMCP's client and the MCP Inspector verify skills with such readers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from skills_registry.packages.manifest import parse_manifest, split_document
from skills_registry.packages.problems import InvalidSkill, Problem

from .conftest import Gateway
from .conftest import publish as publish_stored
from .support.gateway_asking import BOTH, apublish, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

SAME = [
    "text", "true", "False", "TRUE", "null", "~", "Null", '""', "0", "3", "-7", "+5", "1.0", "1.10", "0.1", "5.", ".5",
    "0xFF", "1.5e+3", "1.0e-400", "1.2.3", "v1", "1,000", "2026", "10-12", "0o9", "yesterday", "one two", "'yes'",
    '"1:30"', "'2026-07-28'", "9007199254740993", "123456789012345678901234567890", "-99999999999999999999",
    "18446744073709551616", "!!str 1.0", "!!str yes", "[1, two, 3.5]", "{a: {b: 1}}", "'<<'", "'='", "|\n   yes\n",
]  # fmt: skip
"""Read alike by everybody, so served as they are and not warned of."""
DIFFERENT = [
    "yes", "No", "on", "OFF", "017", "08", "0o17", "-0x1F", "0x_1F", "0b11", "1_000", "1__0", "1:30", "1:30.5",
    "12:30:45", "1e3", "1E+3", "1.5e3", "12e03", "-.5", "+.5", "1_0.5", ".inf", "-.INF", ".nan", ".NaN", "1e400",
    "1.0e+400", "1.0e+23", "2026-07-28", "2026-13-45", "2026-07-28 10:00:00", "2026-07-28T10:00:00.5Z", "=", "<<",
    "9" * 70, "1." + "5" * 70, "!!timestamp 2026-07-28", "!!int 017", "!!bool yes", "!!float .inf", "[a, yes]",
    "{a: off}",
]  # fmt: skip
"""Read as something else by some reader of YAML 1.1, of 1.2 or of JSON, or not at all."""
KEYS = ["1", "1.5", "true", "yes", "null", "~", "2026-07-28", "017", "1e3", ".inf", "=", "1:30", "1_000"]
SCALAR = st.text("0123456789_.:+-eExobaftrunlyYsNnIiTZ~=<", min_size=1, max_size=9).filter(lambda word: word[-1] != ":")
"""Not a key without a value, which ruamel.yaml takes for text in a list."""


def skill_md(metadata: str) -> str:
    return f"---\nname: greeter\ndescription: Greets.\nmetadata:\n  k: {metadata}\n---\nDo.\n"


def ambiguities(text: str) -> list[Problem]:
    return [problem for problem in parse_manifest(text).warnings if problem.code == "yaml-ambiguous"]


def readings(text: str) -> list[Any]:
    """The frontmatter as each reader has it; a reader's failure is a reading, too, and equals no other."""
    frontmatter = split_document(text).frontmatter
    return [_read(reader, frontmatter) for reader in (yaml.safe_load, YAML(typ="safe", pure=True).load)]


def _read(reader: Any, text: str) -> Any:
    try:
        return reader(text)
    except Exception as error:  # noqa: BLE001  # each reader has errors of its own, and bugs
        return error


def typed(value: Any) -> Any:
    """A value that equals no value of another type, as 1 equals True and 10**23 does not equal 1e23."""
    if isinstance(value, dict):
        return {typed(key): typed(one) for key, one in value.items()}
    return [typed(one) for one in value] if isinstance(value, list) else (type(value).__name__, value)


def is_same_for_all(text: str) -> bool:
    served = json.loads(json.dumps(parse_manifest(text).frontmatter, allow_nan=False))
    return all(typed(reading) == typed(served) for reading in readings(text))


@pytest.mark.parametrize("value", SAME)
def test_value_that_all_read_alike_is_served_as_it_is(value: str) -> None:
    assert is_same_for_all(skill_md(value))
    assert ambiguities(skill_md(value)) == []


@pytest.mark.parametrize("value", DIFFERENT)
def test_author_is_warned_of_a_value_that_not_all_read_alike(value: str) -> None:
    assert len(ambiguities(skill_md(value))) == 1


@pytest.mark.parametrize("key", KEYS)
def test_author_is_warned_of_a_key_that_not_all_read_as_text(key: str) -> None:
    plain, quoted = f"{{{key}: x}}", f'{{"{key}": x}}'

    [problem] = ambiguities(skill_md(plain))
    assert (problem.params, problem.line) == ({"case": "key", "key": key, "quoted": f'"{key}"'}, 5)
    assert is_same_for_all(skill_md(quoted))
    assert ambiguities(skill_md(quoted)) == []


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_author_is_warned_of_a_character_that_ends_a_line_for_some(character: str) -> None:
    [problem] = ambiguities(skill_md(f"'a{character}b'"))

    assert problem.params == {"case": "line-end", "character": f"U+{ord(character):04X}"}
    assert ambiguities(skill_md(f'"a\\u{ord(character):04X}b"')) == []


@pytest.mark.parametrize("value", [value for value in DIFFERENT if len(value) < 60 and value[0] not in "![{"])
def test_what_the_warning_tells_to_write_is_read_alike_by_all(value: str) -> None:
    [problem] = ambiguities(skill_md(value))
    written = [problem.params[name] for name in ("quoted", "plain") if name in problem.params]
    assert written

    for line in map(str, written):
        text = skill_md(value).replace(f"k: {value}", line)
        assert is_same_for_all(text), line
        assert ambiguities(text) == []


def test_what_the_warning_tells_to_write_in_a_list_begins_as_its_items_do() -> None:
    [problem] = ambiguities("---\nname: greeter\ndescription: Greets.\nmodes:\n  - yes\n---\nDo.\n")

    assert problem.params == {"text": "yes", "value": "true", "quoted": '- "yes"', "plain": "- true"}


@settings(deadline=None)
@given(SCALAR)
@example("-.5")
@example("0b1")
@example("+1:2")
@example("._")
@example("1_0e3")
@example("0o1_7")
@example("-_")
def test_any_word_is_read_alike_by_all_or_warned_of_or_refused(word: str) -> None:
    for metadata in (word, f"[{word}]", f"{{{word}: x}}"):
        text = skill_md(metadata)
        try:
            warned = bool(ambiguities(text))
        except InvalidSkill:
            continue
        assert warned or is_same_for_all(text)


# Served


NUMBERS = (
    "{big: 123456789012345678901234567890, small: -18446744073709551616, exact: 9007199254740993, one: 1.0, "
    "tenth: 0.1, tiny: 1.0e-07, large: 1.5e+15, none: null, yes and no: [true, false], hex: 0xFF}"
)


@pytest.mark.parametrize("revision", BOTH)
@pytest.mark.django_db(transaction=True)
async def test_clients_that_read_the_file_find_the_same_in_the_list(gateway: Gateway, revision: str) -> None:
    await apublish(metadata=NUMBERS)

    listed = await result_of(gateway, revision, "skills/list")
    got = await result_of(gateway, revision, "skills/get", {"uri": "skill://greeter/SKILL.md"})
    read = await result_of(gateway, revision, "resources/read", {"uri": "skill://greeter/SKILL.md"})

    for skill in (*listed["skills"], got["skill"]):
        for reading in readings(read["contents"][0]["text"]):
            assert typed(reading) == typed(skill["frontmatter"])


async def test_integers_beyond_64_bits_do_not_keep_a_skill_from_being_called(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(metadata=NUMBERS, arguments="[who]", title="'123456789012345678901234567890'")

    for method, params in [
        ("tools/list", {}), ("tools/call", {"name": "greeter"}), ("prompts/list", {}), ("resources/list", {}),
    ]:  # fmt: skip
        assert await result_of(wire, "2025-11-25", method, params)


@pytest.mark.django_db
def test_numbers_are_stored_exactly() -> None:
    version = publish_stored(metadata=NUMBERS)
    version.refresh_from_db()

    expected = yaml.safe_load(f"metadata: {NUMBERS}")["metadata"]
    assert typed(version.frontmatter["metadata"]) == typed(expected)
