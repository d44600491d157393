"""Judging a zip through the API, which stores nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry.models import Skill, Upload

from .support.api import Api
from .support.packages import skill_md, zip_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(author: User) -> Api:
    return Api(author)


def judged(api: Api, content: bytes) -> Any:
    answer = api.upload(content, "skills/validate/")
    assert answer.status_code == 200
    return answer.json()


def codes(problems: list[dict[str, Any]]) -> list[str]:
    return [problem["code"] for problem in problems]


def test_good_package_is_valid_without_remarks(api: Api) -> None:
    assert judged(api, zip_of({"SKILL.md": skill_md()})) == {
        "valid": True,
        "errors": [],
        "warnings": [],
        "findings": [],
        "mended": None,
    }


def test_warnings_and_findings_do_not_make_it_invalid(api: Api) -> None:
    judgement = judged(api, zip_of({"SKILL.md": skill_md(body="Run !`date`.", colour="blue")}))

    assert judgement["valid"] is True
    assert codes(judgement["warnings"]) == ["field-unknown"]
    finding = judgement["findings"][0]
    assert (finding["file"], finding["line"]) == ("SKILL.md", 7)
    assert finding["excerpt"] == "Run !`date`."


def test_what_can_be_mended_comes_with_its_text(api: Api) -> None:
    text = "\n---\nname: greeter\ndescription: Use when: asked\n\nSay hello.\n"
    judgement = judged(api, zip_of({"SKILL.md": text}))
    assert judgement["valid"] is False
    mended = judgement["mended"]
    assert mended == {
        "path": "SKILL.md",
        "text": "---\nname: greeter\ndescription: 'Use when: asked'\n---\n\nSay hello.\n",
        "changes": [
            {"line": 1, "before": "", "after": None},
            {"line": 4, "before": "description: Use when: asked", "after": "description: 'Use when: asked'"},
            {"line": 5, "before": None, "after": "---"},
        ],
    }
    assert judged(api, zip_of({"SKILL.md": mended["text"]}))["valid"] is True


def test_zip_of_several_skills_names_them_and_says_what_to_do(api: Api) -> None:
    content = zip_of({f"repo-main/skills/{name}/SKILL.md": skill_md(name) for name in ("ask", "tell")})
    (error,) = judged(api, content)["errors"]
    assert error["message"] == "there are 2 skills in it: repo-main/skills/ask/, repo-main/skills/tell/"
    assert "upload each skill's folder" in error["hint"]
    assert "import_skills" in error["hint"]
    assert api.upload(content).json()["errors"] == [error]


def test_invalid_package_is_200_with_every_error(api: Api) -> None:
    judgement = judged(api, zip_of({"SKILL.md": "---\nname: A\nlicense: 7\n---\n", "/etc/x": ""}))

    assert judgement["valid"] is False
    assert set(codes(judgement["errors"])) == {
        "name-invalid",
        "field-not-text",
        "field-missing",
        "body-empty",
        "path-absolute",
    }


@pytest.mark.parametrize("content", [b"", b"no zip", zip_of({}), zip_of({"README.md": "x"})])
def test_what_is_no_package_is_said_to_be_none(api: Api, content: bytes) -> None:
    judgement = judged(api, content)

    assert judgement["valid"] is False
    assert len(judgement["errors"]) == 1
    assert judgement["errors"][0]["hint"]


@pytest.mark.parametrize(
    "content", [zip_of({"SKILL.md": skill_md()}), zip_of({"SKILL.md": "x"}), b""], ids=["valid", "invalid", "empty"]
)
def test_judging_stores_nothing(api: Api, content: bytes, store: Path, django_assert_num_queries: Any) -> None:
    # Expect 4 queries, none of the registry's tables:
    # * the token with its owner
    # * that the token was used
    # * the owner's permissions, by user and by group
    with django_assert_num_queries(4):
        judged(api, content)
    assert not Skill.objects.exists()
    assert not Upload.objects.exists()
    assert not store.exists()


def test_missing_file_is_400_with_the_fields_name(api: Api) -> None:
    answer = api.client.post("/api/v1/skills/validate/", {})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])


def test_note_is_no_field_of_a_judgement(api: Api) -> None:
    answer = api.upload(zip_of({"SKILL.md": skill_md()}), "skills/validate/", note="why")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["note"])
