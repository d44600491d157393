"""Problems, findings and refusals are kept as codes and values, and read in the reader's language."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import override

from skills_registry.models import SkillVersion
from skills_registry.packages.problems import Finding, Problem, Refusal
from skills_registry.tags import InvalidTags, normalize_tags
from skills_registry.texts.findings import FINDING_TEXTS
from skills_registry.texts.problems import KINDS, PROBLEM_TEXTS
from skills_registry.texts.refusals import REFUSAL_TEXTS
from skills_registry.texts.render import join_names, render_finding, render_problem, render_refusal
from skills_registry.texts.text import Text

from .conftest import publish
from .support.api import Api
from .support.packages import zip_of
from .support.pages import SKILLS, staged, text_of

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh-hans"])
CHINESE = re.compile("[\u4e00-\u9fff]")
OLD_WARNING = {
    "code": "field-unknown",
    "message": "`mood` was unknown then",
    "hint": "Leave it out.",
    "file": "SKILL.md",
    "line": 4,
    "severity": "warning",
}
OLD_FINDING = {
    "code": "private-key",
    "severity": "high",
    "file": "key.pem",
    "line": 1,
    "excerpt": "-----BEGIN PRIVATE KEY-----",
    "why": "A key was in it then.",
}


def params_of(key: str, text: Text) -> dict[str, Any]:
    """A value for each name in a text, and the case that the key names."""
    names = {name for part in text for _, name, *_ in Formatter().parse(part) if name}
    values: dict[str, Any] = {name: f"<{name}>" for name in names}
    if "kind" in names:
        values["kind"] = "list"
    case = key.partition("/")[2]
    return {"case": case, **values} if case else values


@LANGUAGES
@pytest.mark.parametrize("key", PROBLEM_TEXTS)
def test_text_of_a_problem_is_whole_in_every_language(key: str, language: str) -> None:
    params = params_of(key, PROBLEM_TEXTS[key])
    with override(language):
        rendered = render_problem(Problem(key.partition("/")[0], params, file="SKILL.md", line=3))
    for name, text in zip(("message", "hint"), PROBLEM_TEXTS[key], strict=True):
        assert bool(rendered[name]) == bool(text)
        assert not re.search("[{}…]", rendered[name]), "a value is missing"
        if re.sub(r"\{\w+\}", "", text):
            assert bool(CHINESE.search(rendered[name])) == (language == "zh-hans")


@LANGUAGES
@pytest.mark.parametrize("code", FINDING_TEXTS)
def test_text_of_a_finding_is_whole_in_every_language(code: str, language: str) -> None:
    finding = Finding(code, "high", "a.md", 1, "text", params_of(code, FINDING_TEXTS[code]))
    with override(language):
        why = render_finding(finding)["why"]
    assert not re.search("[{}…]", why)
    assert bool(CHINESE.search(why)) == (language == "zh-hans")


@LANGUAGES
@pytest.mark.parametrize("code", REFUSAL_TEXTS)
def test_text_of_a_refusal_is_whole_in_every_language(code: str, language: str) -> None:
    with override(language):
        told = render_refusal(Refusal(code, params_of(code, REFUSAL_TEXTS[code])))
    assert not re.search("[{}…]", told)
    assert bool(CHINESE.search(told)) == (language == "zh-hans")


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_words_of_the_readers_language(kind: str) -> None:
    with override("zh-hans"):
        assert CHINESE.search(render_problem(Problem("archive-not-zip", {"kind": kind}))["message"])


def test_values_are_put_in_as_people_write_them() -> None:
    paths = [f"skills/{name}/" for name in "abcde"]
    problem = render_problem(Problem("skill-md-several", {"count": 1_200, "paths": paths}))
    assert problem["message"] == (
        "there are 1,200 skills in it: skills/a/, skills/b/, skills/c/, skills/d/, skills/e/ and 1,195 more"
    )
    assert join_names(["a"], 1) == "a"
    with pytest.raises(InvalidTags) as refused:
        normalize_tags(["a/b"])
    assert render_refusal(refused.value) == (
        "A tag may have at most 32 letters, digits and - _ . + #. Invalid tags: a/b"
    )


def test_line_that_can_be_mended_is_part_of_the_hint() -> None:
    problem = Problem("yaml-syntax", {"case": "further", "write": "a: '[b]'"})
    assert render_problem(problem)["hint"] == "Put the value in quotes. Write: `a: '[b]'`."
    with override("zh-hans"):
        assert render_problem(problem)["hint"] == "请给值加引号。写作：`a: '[b]'`。"  # noqa: RUF001  # it is Chinese


def test_text_that_names_more_than_a_stored_report_holds_is_shown_with_a_gap() -> None:
    assert render_problem({"code": "file-missing", "params": {}})["message"] == "`…` is not in the package"


def test_code_that_is_not_known_any_more_is_shown_itself() -> None:
    assert render_problem({"code": "gone", "params": {"a": 1}})["message"] == "gone"
    assert render_finding({"code": "gone", "params": {}})["why"] == "gone"


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


def remarked() -> SkillVersion:
    """A version with a warning and a finding."""
    return publish(mood="good", body="Run !`git status` first.")


@pytest.mark.django_db
def test_stored_report_holds_no_texts_and_reads_right_in_any_language(browser: Client) -> None:
    version = remarked()
    assert version.warnings == [
        {"code": "field-unknown", "params": {"key": "mood"}, "file": "SKILL.md", "line": 4, "severity": "warning"}
    ]
    assert version.findings[0].keys() == {"code", "severity", "file", "line", "excerpt", "params"}
    address = f"{SKILLS}{version.skill_id}/versions/1/"
    english, chinese = (
        text_of(browser.get(address, headers={"accept-language": language})) for language in ("en", "zh-hans")
    )
    assert "`mood` is not a field of the Agent Skills specification" in english
    assert "Some clients run this command on the user's machine" in english
    assert "`mood` 不是 Agent Skills 规范的字段" in chinese
    assert "某些客户端会在模型看到文本之前" in chinese


@pytest.mark.django_db
def test_report_that_was_stored_with_its_texts_is_shown_as_it_was(browser: Client, api: Api) -> None:
    version = publish()
    SkillVersion.objects.filter(pk=version.pk).update(warnings=[OLD_WARNING], findings=[OLD_FINDING])
    for page in ("", "review/"):
        text = text_of(browser.get(f"{SKILLS}{version.skill_id}/versions/1/{page}"))
        assert "`mood` was unknown then" in text
        assert "Leave it out." in text
        assert "A key was in it then." in text
    answer = api.get("skills/greeter/versions/1/").json()
    assert answer["warnings"] == [{**OLD_WARNING, "params": {}}]
    assert answer["findings"] == [{**OLD_FINDING, "params": {}}]


@pytest.mark.django_db
def test_api_gives_code_params_and_text_in_the_callers_language(api: Api) -> None:
    remarked()
    warning = {
        "code": "field-unknown",
        "message": "`mood` is not a field of the Agent Skills specification",
        "hint": "It is kept and served unchanged. Move it under `metadata:` if clients reject the skill.",
        "params": {"key": "mood"},
        "file": "SKILL.md",
        "line": 4,
        "severity": "warning",
    }
    answer = api.get("skills/greeter/versions/1/").json()
    assert answer["warnings"] == [warning]
    assert answer["findings"][0]["params"] == {}
    assert answer["findings"][0]["why"].startswith("Some clients run this command")
    chinese = api.client.get("/api/v1/skills/greeter/versions/1/", headers={"accept-language": "zh-hans"}).json()
    assert chinese["warnings"][0]["message"] == "`mood` 不是 Agent Skills 规范的字段"


@pytest.mark.django_db
def test_refusal_in_the_list_of_uploads_is_in_the_language_of_whoever_looks(browser: Client) -> None:
    staged(browser, zip_of({"README.md": "text"}))
    for _ in range(2):  # the second time from the cache
        assert "there is no SKILL.md" in text_of(browser.get(f"{SKILLS}uploads/"))
        assert "没有 SKILL.md" in text_of(browser.get(f"{SKILLS}uploads/", headers={"accept-language": "zh-hans"}))


@pytest.mark.django_db
def test_refused_tags_are_told_in_the_callers_language(api: Api, browser: Client) -> None:
    version = publish()
    body = {"tags": ["a/b"]}
    english = api.put("skills/greeter/tags/", **body).json()
    assert english["detail"].endswith("Invalid tags: a/b")
    chinese = {"accept-language": "zh-hans"}
    answer = api.client.put("/api/v1/skills/greeter/tags/", body, "application/json", headers=chinese)
    assert (answer.status_code, answer.json()["detail"][:5]) == (400, "标签最多 ")
    page = browser.post(f"{SKILLS}{version.skill_id}/tags/", {"tags": "a/b"}, headers=chinese)
    assert "无效的标签：a/b" in text_of(page)  # noqa: RUF001  # it is Chinese


@pytest.mark.django_db
def test_editor_is_told_of_edits_that_cannot_be_meant_in_its_language(browser: Client) -> None:
    version = publish()
    address = f"{SKILLS}{version.skill_id}/versions/1/edit/check/"
    body = {"edits": {"a.md": 1}, "path": ""}
    assert browser.post(address, body, "application/json").json() == {
        "detail": "The edit of a.md must be a text, bytes, another path, or null."
    }
    answer = browser.post(address, body, "application/json", headers={"accept-language": "zh-hans"})
    assert answer.json()["detail"].startswith("对 a.md 的编辑")
