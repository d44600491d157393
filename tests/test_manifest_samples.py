"""SKILL.md files: what may be written in one comes through verbatim, the rest is refused with one reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skills_registry.packages.manifest import Manifest, parse_manifest
from skills_registry.packages.problems import InvalidSkill
from skills_registry.texts.render import render_problem
from tests.samples.oversized import OVERSIZED_MANIFESTS

FOLDER = Path(__file__).parent / "samples" / "manifests"
ACCEPTED = sorted((FOLDER / "accept").glob("*.md"))
REFUSED = sorted((FOLDER / "reject").glob("*.md"))

WARNINGS = {
    "arguments-as-a-list": ["field-is-list"],
    "core-tags": ["yaml-ambiguous", "metadata-not-text"],
    "dates": ["yaml-ambiguous"] * 2,
    "description-longer-than-clients-show": ["description-cut-by-clients"],
    "hash-in-plain-values": ["yaml-comment"] * 3,
    "key-of-merge-in-quotes": ["yaml-ambiguous"] * 2,
    "keys-that-are-not-text": ["yaml-ambiguous"] * 5,
    "line-separators-of-unicode": ["yaml-ambiguous"] * 2,
    "name-of-64-characters": ["name-cut-by-clients"],
    "name-that-looks-like-a-date": ["yaml-ambiguous"],
    "nested-16-deep": ["metadata-not-text"],
    "nested-metadata": ["metadata-not-text"],
    "number-of-base-60": ["yaml-ambiguous"],
    "number-of-many-digits": ["yaml-ambiguous"],
    "number-beyond-what-a-double-holds": ["yaml-ambiguous", "metadata-not-text"],
    "numbers": ["yaml-ambiguous"] * 2 + ["metadata-not-text"] * 4,
    "optional-fields-without-value": ["field-empty"] * 7,
    "reserved-metadata": ["metadata-reserved"],
    "tools-as-a-list": ["field-is-list"] * 2,
    "unknown-fields": ["field-unknown"] * 3,
    "words-of-yaml-1-1": ["yaml-ambiguous"] * 7 + ["metadata-not-text"] * 5,
}
DESCRIPTIONS = {
    "comments": "Has comments.",
    "dashes-in-values": "a --- b ---",
    "escaped-characters": "Tab\tnew line\nsnow ☃ face 😀 😀",
    "folded-description": "Shows: how a skill is written.\nUse it for samples.",
    "json": "Is JSON, and so YAML.",
    "literal-description": "Shows how a skill is written.\nUse it for samples: all of them.\n",
    "plain-description-on-several-lines": "Shows how a skill is written on three lines.",
    "quoted-keys": 'Has quotes: "both".',
    "text-of-the-world": "技能の説明 👩‍💻 ملف",
}
METADATA = {
    "byte-order-mark-and-crlf": {"note": "folded twice"},
    "core-tags": {"version": "1.0", "list": [3, True, None, 1.5], "day": "2026-07-28", "plain": "text"},
    "dashes-in-values": {"literal": "---\nnot the end\n---\n", "quoted": "---"},
    "dates": {"released": "2026-07-28", "at": "2026-07-28 10:00:00 +02:00"},
    "key-of-merge-in-quotes": {"<<": "text", "value": "<<", "equals": "="},
    "keys-that-are-not-text": {"1": "one", "true": "two", "null": "three", "2026-07-28": "four", "1.5": "five"},
    "number-of-base-60": {"long": "1" + ":59" * 80},
    "number-of-many-digits": {"digits": "9" * 5000},
    "numbers": {
        "version": 1.1,
        "major": 3,
        "huge": 123456789012345678901234567890,
        "not": ".nan",
        "infinite": "-.inf",
        "tiny": 0.0,
    },
    "words-of-yaml-1-1": {"a": True, "b": False, "c": 8, "d": 90, "e": 1000, "f": "1e3", "g": "08"},
}
BODIES = {
    "body-begins-with-spaces": "\n\n   \n# Title\n",
    "byte-order-mark-inside": "Do \ufeffas the samples do.\n",
    "carriage-returns-only": "Do as the samples do.\r",
    "crlf": "Do as the samples do.\r\n",
    "dashes-in-body": "One.\n\n---\n\nTwo.\n---\nname: other\n---\n",
    "mixed-line-ends": "One.\r\nTwo.\n",
    "no-final-newline": "Do as the samples do.",
}


def name_of(path: Path) -> str:
    return path.stem


def manifest(name: str) -> Manifest:
    return parse_manifest((FOLDER / "accept" / f"{name}.md").read_bytes().decode())


def error_codes(text: str) -> list[str]:
    with pytest.raises(InvalidSkill) as refused:
        parse_manifest(text)
    return [problem.code for problem in refused.value.errors]


@pytest.mark.parametrize("path", ACCEPTED, ids=name_of)
def test_an_odd_but_valid_manifest_is_accepted(path: Path) -> None:
    parsed = manifest(path.stem)
    assert [warning.code for warning in parsed.warnings] == WARNINGS.get(path.stem, [])
    assert parsed.frontmatter["name"] == parsed.name
    assert parsed.frontmatter["description"] == parsed.description


@pytest.mark.parametrize("path", ACCEPTED, ids=name_of)
def test_frontmatter_survives_being_served_as_json(path: Path) -> None:
    frontmatter = manifest(path.stem).frontmatter
    assert json.loads(json.dumps(frontmatter, allow_nan=False)) == frontmatter


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_is_kept_as_yaml_means_it(name: str) -> None:
    assert manifest(name).description == DESCRIPTIONS[name]


@pytest.mark.parametrize("name", METADATA)
def test_values_that_json_does_not_have_are_kept_as_their_text(name: str) -> None:
    assert manifest(name).frontmatter["metadata"] == METADATA[name]


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_kept_to_the_byte(name: str) -> None:
    assert manifest(name).body == BODIES[name]


def test_fields_that_nobody_knows_are_kept() -> None:
    frontmatter = manifest("unknown-fields").frontmatter
    assert {key: frontmatter[key] for key in ("version", "author", "tags")} == {
        "version": "2.0.0",
        "author": "me",
        "tags": ["a", "b"],
    }


def test_fields_of_claude_code_are_known_and_kept() -> None:
    frontmatter = manifest("all-fields-of-claude-code").frontmatter
    assert frontmatter["hooks"]["PreToolUse"][0]["matcher"] == "Bash"
    assert frontmatter["disable-model-invocation"] is True
    assert list(frontmatter)[2:5] == ["when_to_use", "argument-hint", "arguments"]


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_a_bad_manifest_is_refused_for_its_one_reason(path: Path) -> None:
    assert error_codes(path.read_bytes().decode()) == [path.stem.partition("--")[0]]


@pytest.mark.parametrize("name", OVERSIZED_MANIFESTS)
def test_an_oversized_manifest_is_refused_for_its_one_reason(name: str) -> None:
    assert error_codes(OVERSIZED_MANIFESTS[name]()) == [name.partition("--")[0]]


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_every_refusal_names_a_line_of_the_file_and_how_to_mend_it(path: Path) -> None:
    text = path.read_bytes().decode()
    with pytest.raises(InvalidSkill) as refused:
        parse_manifest(text)
    for problem in refused.value.errors:
        assert problem.file == "SKILL.md"
        assert problem.line is not None
        assert 1 <= problem.line <= max(1, len(text.splitlines()))
        rendered = render_problem(problem)
        assert rendered["message"].isprintable()
        assert rendered["hint"].endswith(".")


def test_no_sample_is_large() -> None:
    assert max(path.stat().st_size for path in FOLDER.glob("*/*")) < 50 * 1024
