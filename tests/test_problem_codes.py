"""Every code that a package can be given has a sample, so that none is untested and none is unknown."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

import skills_registry
from skills_registry import scanner
from skills_registry.archive import read_archive
from skills_registry.manifest import parse_manifest
from skills_registry.problems import InvalidSkill, Problem
from skills_registry.remarks import in_words
from skills_registry.tags import InvalidTags, normal_tags
from tests import test_archive_samples as archives
from tests import test_edit_version as edits
from tests import test_folder as folders
from tests import test_import_skills as imports
from tests import test_manifest_samples as manifests
from tests.samples.oversized import OVERSIZED_ARCHIVES, OVERSIZED_MANIFESTS

GIVES_ERROR = {"error", "refused", "Problem", "_Rule", "say"}
GIVES_WARNING = {"warning", "warn", "say"}
TESTED_ELSEWHERE = {
    "unreadable": imports.test_a_path_that_cannot_be_read_is_told,
    "more-problems": archives.test_a_report_ends_after_so_many_errors,
    "name-changed": edits.test_edit_that_breaks_the_package_is_refused,
    "name-clash": imports.test_different_skills_of_one_name_are_all_refused,
    "name-not-folder": folders.test_folder_of_another_name_is_a_warning_or_an_error_as_the_installation_wants,
}


def codes_given_by(functions: set[str]) -> set[str]:
    """The codes in the source: the first argument, if it is text, of whatever notes a problem."""
    sources = [path.read_text() for path in Path(skills_registry.__path__[0]).glob("*.py")]
    pure = [source for source in sources if "problems" in source and "django" not in source]
    return {code for source in pure for name, code in calls_with_text(source) if name in functions}


def calls_with_text(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(code)), *_]):
                yield name, code


@functools.cache
def problems() -> tuple[Problem, ...]:
    """Everything that is found wrong or odd in all samples."""
    return tuple(_problems())


def _problems() -> Iterator[Problem]:
    for path in archives.ACCEPTED + archives.REFUSED:
        yield from problems_of_archive(path.read_bytes())
    for path in manifests.ACCEPTED + manifests.REFUSED:
        yield from problems_of_manifest(path.read_bytes().decode())
    yield from (problem for make in OVERSIZED_ARCHIVES.values() for problem in problems_of_archive(make()))
    yield from (problem for make in OVERSIZED_MANIFESTS.values() for problem in problems_of_manifest(make()))


def problems_of_archive(data: bytes) -> tuple[Problem, ...]:
    try:
        return read_archive(data).warnings
    except InvalidSkill as refused:
        return refused.problems


def problems_of_manifest(text: str) -> tuple[Problem, ...]:
    try:
        return parse_manifest(text).warnings
    except InvalidSkill as refused:
        return refused.problems


def test_every_error_has_a_sample_that_is_refused_for_it() -> None:
    assert {problem.code for problem in problems() if problem.severity == "error"} | TESTED_ELSEWHERE.keys() == (
        codes_given_by(GIVES_ERROR)
    )


def test_every_warning_has_a_sample_that_earns_it() -> None:
    # A long description and a mend are warnings only where a setting or an operator wants that.
    seen = {problem.code for problem in problems() if problem.severity == "warning"}
    seen |= {"description-too-long", "skill-md-mended"}
    assert seen == codes_given_by(GIVES_WARNING)


def test_everything_that_is_said_of_samples_can_be_said_in_chinese() -> None:
    said = {text for problem in problems() for text in (problem.message, problem.hint) if text}
    said |= {rule.why for rule in scanner._RULES} | {str(tags_refused(["a/b"])), str(tags_refused(map(str, range(21))))}
    with override("en"):
        assert {text: in_words(text) for text in said} == {text: text for text in said}
    with override("zh-hans"):
        assert sorted(text for text in said if not re.search("[\u4e00-\u9fff]", in_words(text))) == []
        told = in_words("metadata `home` is a list; the specification asks for text")
    assert told == "元数据 `home` 是列表；规范要求文本"  # noqa: RUF001  # it is Chinese


def tags_refused(tags: Iterable[str]) -> InvalidTags:
    with pytest.raises(InvalidTags) as refused:
        normal_tags(tags)
    return refused.value
