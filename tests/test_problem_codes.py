"""Every code that is given has a text, and every text a sample or a test in which it is given."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import skills_registry
from skills_registry import tags
from skills_registry.findings import scanner
from skills_registry.packages import edits as edits_of_pages
from skills_registry.packages.archive import read_archive
from skills_registry.packages.manifest import parse_manifest
from skills_registry.packages.problems import InvalidSkill, Problem
from skills_registry.texts.findings import FINDING_TEXTS
from skills_registry.texts.problems import PROBLEM_TEXTS
from skills_registry.texts.refusals import REFUSAL_TEXTS
from skills_registry.texts.text import text_key
from tests import test_admin_upload as uploads
from tests import test_archive_samples as archives
from tests import test_edit_version as edits
from tests import test_folder as folders
from tests import test_import_skills as imports
from tests import test_manifest_rules as rules
from tests import test_manifest_samples as manifests
from tests import test_mending as mending
from tests import test_reviewing as reviewing
from tests import test_upload_budgets as budgets
from tests.samples.oversized import OVERSIZED_ARCHIVES, OVERSIZED_MANIFESTS

GIVES_A_CODE = {"error", "warning", "warn", "invalid_zip", "refused", "Problem", "_Rule"}
TESTED_ELSEWHERE = {
    "conflict": imports.test_skill_that_is_deleted_is_refused_with_the_reason,
    "description-too-long/allowed": rules.test_a_long_description_can_be_allowed_and_is_then_a_warning,
    "more-problems/error": archives.test_a_report_ends_after_so_many_errors,
    "more-problems/warning": archives.test_a_report_ends_after_so_many_warnings,
    "name-changed": edits.test_edit_that_breaks_the_package_is_refused,
    "name-clash": imports.test_different_skills_of_one_name_are_all_refused,
    "name-not-folder": folders.test_folder_of_another_name_is_a_warning_or_an_error_as_the_installation_wants,
    "not-published": reviewing.test_import_makes_versions_and_tells_what_waits,
    "path-empty/folder": edits.test_edit_that_breaks_the_package_is_refused,
    "server-busy": budgets.test_a_package_that_cannot_be_read_is_refused_in_words,
    "skill-md-mended": uploads.test_mistake_in_yaml_is_shown_with_its_mend_and_mended_if_asked_for,
    "skill-md-mended/empty-line": uploads.test_lines_of_hyphens_are_mended_if_asked_for,
    "skill-md-mended/left-out": uploads.test_lines_of_hyphens_are_mended_if_asked_for,
    "skill-md-mended/missing": uploads.test_lines_of_hyphens_are_mended_if_asked_for,
    "store-failed": imports.test_store_that_fails_is_told_and_does_not_stop_the_others,
    "too-much-work": budgets.test_a_package_that_cannot_be_read_is_refused_in_words,
    "unreadable": imports.test_a_path_that_cannot_be_read_is_told,
    "yaml-syntax/further": mending.test_all_that_is_to_be_mended_is_told_with_its_line,
    "yaml-syntax/further-tab": mending.test_all_that_is_to_be_mended_is_told_with_its_line,
}


def codes_given() -> set[str]:
    """The codes in the source: the first argument, if it is text, of whatever notes a problem."""
    sources = [path.read_text() for path in Path(skills_registry.__path__[0]).rglob("*.py") if path.stem != "scanner"]
    found = {code for source in sources for name, code in calls_with_text(source) if name in GIVES_A_CODE}
    return {code for code in found if re.fullmatch("[a-z0-9-]+", code)}  # a log's errors are sentences


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


def test_every_code_has_a_text_and_every_text_a_code() -> None:
    assert codes_given() == {key.partition("/")[0] for key in PROBLEM_TEXTS}


def test_every_text_has_a_sample_or_a_test_that_is_given_it() -> None:
    given = {text_key(problem.code, problem.params) for problem in problems()}
    assert given.isdisjoint(TESTED_ELSEWHERE)
    assert given | TESTED_ELSEWHERE.keys() == PROBLEM_TEXTS.keys()


def test_a_problem_has_the_values_that_its_text_names_and_no_others() -> None:
    for problem in problems():
        text = PROBLEM_TEXTS[text_key(problem.code, problem.params)]
        named = {name for part in text for _, name, *_ in Formatter().parse(part) if name}
        of_every_text = {"case", "write"} | ({"count"} if "paths" in named else set())
        assert problem.params.keys() - of_every_text == named - of_every_text, problem
        assert all(isinstance(value, str | int | list) for value in problem.params.values())


def test_every_finding_has_a_text_and_every_text_a_finding() -> None:
    assert {rule.code for rule in scanner._RULES} | {"more-findings"} == FINDING_TEXTS.keys()


def test_every_refusal_has_a_text_and_every_text_a_refusal() -> None:
    calls = calls_with_text(Path(edits_of_pages.__file__).read_text() + Path(tags.__file__).read_text())
    assert {code for name, code in calls if name in ("InvalidEdits", "InvalidTags")} == REFUSAL_TEXTS.keys()
