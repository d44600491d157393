"""Tags and owner of a skill: where they come from, who sees them, and that nothing loses them."""

from __future__ import annotations

import json
import unicodedata
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from skills_registry import services
from skills_registry.catalog.dynamodb import DynamoCatalog
from skills_registry.catalog.orm import OrmCatalog
from skills_registry.maintenance.rebuild import rebuild
from skills_registry.maintenance.verification import Remedy, verify_latest
from skills_registry.models import Skill
from skills_registry.tags import TAG_MAX, TAGS_MAX, InvalidTags, declared_tags, normalize_tags

from .conftest import lose_registry, publish
from .support.packages import package
from .test_dynamo_catalog import catalog

dynamo_catalog = catalog
"""The fixture of that file, by a name that says what it is here."""

pytestmark = pytest.mark.django_db(transaction=True)


def skill() -> Skill:
    return Skill.objects.with_summary().get(name="greeter")


@given(st.lists(st.text(max_size=TAG_MAX + 3), max_size=TAGS_MAX + 3))
def test_tags_are_kept_in_one_form_or_refused(given: list[str]) -> None:
    try:
        tags = normalize_tags(given)
    except InvalidTags:
        return
    assert normalize_tags(reversed(tags)) == tags
    assert len(tags) <= TAGS_MAX
    for tag in tags:
        assert 0 < len(tag) <= TAG_MAX
        assert (unicodedata.normalize("NFC", tag), tag.lower(), tag.split()) == (tag, tag, [tag])
        assert tag.isprintable()


@given(st.text() | st.lists(st.text() | st.integers()) | st.none() | st.dictionaries(st.text(), st.text()))
def test_whatever_the_frontmatter_declares_starts_with_tags_that_can_be_kept(declared: Any) -> None:
    tags = declared_tags({"metadata": {"tags": declared}})
    assert normalize_tags(tags) == tags


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([" Data ", "csv", "data"], ["csv", "data"]),
        (["C++", ".NET", "c#", "node.js", "two_words", "a-b"], [".net", "a-b", "c#", "c++", "node.js", "two_words"]),
        (["数据", "हिन्दी", "e\u0301te\u0301"], ["\xe9t\xe9", "हिन्दी", "数据"]),
        ([], []),
    ],
)
def test_tag_is_a_lower_case_word_of_any_script(given: list[str], kept: list[str]) -> None:
    assert normalize_tags(given) == kept


@pytest.mark.parametrize("wrong", ["", "two words", "a,b", "<b>", "--", "a/b", "a\u202eb", "🎉", "x" * (TAG_MAX + 1)])
def test_other_things_are_no_tags(wrong: str) -> None:
    with pytest.raises(InvalidTags) as refused:
        normalize_tags(["fine", wrong])
    assert refused.value.code == "tags-invalid"
    assert (refused.value.params["limit"], refused.value.params["count"]) == (TAG_MAX, 1)


def test_no_more_tags_than_allowed() -> None:
    with pytest.raises(InvalidTags) as refused:
        normalize_tags(f"tag{number}" for number in range(TAGS_MAX + 1))
    assert (refused.value.code, refused.value.params) == ("too-many-tags", {"count": 21, "limit": 20})


def test_new_skill_starts_with_its_frontmatters_tags_and_its_uploader(operator: User, author: User) -> None:
    services.create_version(package(metadata="{tags: 'Fun, short <b>'}"), user=author)
    assert (skill().tags, skill().owner) == (["fun", "short"], author)

    services.create_version(package(body="two", metadata="{tags: other}"), user=operator)
    assert (skill().tags, skill().owner) == (["fun", "short"], author)


def test_gateways_see_new_tags(operator: User) -> None:
    publish(metadata="{tags: [Fun, short]}")
    catalog = OrmCatalog()
    known = catalog.generation()
    assert [one.tags for one in catalog.changes_since(0).published] == [("fun", "short")]

    assert services.set_tags(skill(), ["New"], actor=operator).tags == ["new"]
    assert [one.tags for one in catalog.changes_since(known).published] == [("new",)]


def test_tags_that_are_wrong_change_nothing() -> None:
    publish()
    known = OrmCatalog().generation()
    with pytest.raises(InvalidTags):
        services.set_tags(skill(), ["two words"])
    assert (skill().tags, OrmCatalog().generation()) == ([], known)


def test_skills_are_found_by_exactly_their_tags() -> None:
    for name, tags in {"one": ["数据", "c++"], "two": ["c"], "three": []}.items():
        services.set_tags(publish(name).skill, tags)
    found = {tag: [one.name for one in Skill.objects.tagged(tag)] for tag in ("数据", "c", "C", "_", "数", "c+%", '"')}
    assert found == {"数据": ["one"], "c": ["two"], "C": ["two"], "_": [], "数": [], "c+%": [], '"': []}
    assert Skill.objects.tag_counts() == {"数据": 1, "c++": 1, "c": 1}


def test_dynamodb_has_them_too(dynamo_catalog: DynamoCatalog) -> None:
    publish(metadata="{tags: fun}")
    assert [one.tags for one in dynamo_catalog.changes_since(0).published] == [("fun",)]

    services.set_tags(skill(), ["b", "a"])
    assert [one.tags for one in dynamo_catalog.changes_since(0).published] == [("a", "b")]
    services.set_tags(skill(), [])
    assert [one.tags for one in dynamo_catalog.changes_since(0).published] == [()]


def test_registry_that_was_lost_gets_them_back(author: User) -> None:
    publish()
    services.set_tags(skill(), ["fun"])
    services.set_owner(skill(), author)
    lose_registry()

    rebuild("greeter")
    assert (skill().tags, skill().owner) == (["fun"], author)


@pytest.mark.parametrize("changed", [{"tags": ["other"]}, {"owner": "nobody"}, {"version": "v7"}])
def test_latest_json_that_says_something_else_is_noticed(store: Path, changed: dict[str, Any]) -> None:
    publish()
    latest = store / "skills/greeter/latest.json"
    assert list(verify_latest(skill())) == []

    latest.write_text(json.dumps({**json.loads(latest.read_text()), **changed}))
    assert [(one.description.split(":")[0], one.remedy) for one in verify_latest(skill())] == [
        (f"latest.json differs in {next(iter(changed))}", Remedy.ANNOUNCE)
    ]


def test_skills_from_before_start_as_new_ones_do(author: User) -> None:
    services.create_version(package(metadata="{tags: 'fun short'}"), user=author)
    Skill.objects.update(tags=[], owner=None)

    import_module("skills_registry.migrations.0004_fill_tags_and_owner").fill(apps, None)
    assert (skill().tags, skill().owner) == (["fun", "short"], author)
