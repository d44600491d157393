"""Tags and owner of a skill in the admin: who may set them, what is suggested, and what the history says of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.models import Skill

from .conftest import permissions, publish
from .support.pages import SKILLS, rows, text_of, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def skill(operator: User) -> Skill:
    publish("other", metadata="{tags: [sales]}")
    skill = publish(metadata="{tags: [office]}").skill
    return services.set_owner(skill, operator)


def test_tags_are_set_from_the_skills_page(browser: Client, skill: Skill) -> None:
    address = f"{SKILLS}{skill.pk}/tags/"
    assert f'href="{address}"' in browser.get(f"{SKILLS}{skill.pk}/change/").text
    asked = browser.get(address).text
    assert re.search(r'<input type="text" name="tags" value="office"[^>]* list="tags-in-use"', asked)
    assert re.findall(r'<option value="([^"]+)">', asked) == ["office", "sales"]

    answer = browser.post(address, {"tags": "Büro, office  c++", "reason": "Asked for"}, follow=True)
    assert told(answer) == ["Tags saved."]
    assert Skill.objects.get(pk=skill.pk).tags == ["büro", "c++", "office"]
    assert rows(browser.get(f"{SKILLS}{skill.pk}/history/"))[0][1:] == [
        "tags changed", "-", "tags office", "tags büro, c++, office", "olga", "Asked for",
    ]  # fmt: skip

    browser.post(address, {"tags": "", "reason": ""})
    assert Skill.objects.get(pk=skill.pk).tags == []


def test_what_is_no_tag_is_said_and_what_was_typed_stays(browser: Client, skill: Skill) -> None:
    answer = browser.post(f"{SKILLS}{skill.pk}/tags/", {"tags": "fine a/b", "reason": ""})
    assert "A tag may have at most 32 letters" in text_of(answer)
    assert text_of(answer).count("Invalid tags: a/b") == 1
    assert 'value="fine a/b"' in answer.text
    assert Skill.objects.get(pk=skill.pk).tags == ["office"]


def test_owner_is_chosen_among_those_who_are_active(
    browser: Client, author: User, operator: User, skill: Skill
) -> None:
    gone = User.objects.create_user("gone", is_active=False)
    address = f"{SKILLS}{skill.pk}/owner/"
    assert f'href="{address}"' in browser.get(f"{SKILLS}{skill.pk}/change/").text
    offered = re.findall(r'<option value="(\d*)"( selected)?>([^<]+)<', browser.get(address).text)
    assert offered == [
        ("", "", "No owner"),
        (str(author.pk), "", "arno"),
        (str(operator.pk), " selected", "olga"),
    ]

    assert "Select a valid choice" in browser.post(address, {"owner": gone.pk, "reason": ""}).text
    answer = browser.post(address, {"owner": author.pk, "reason": "Wrote it"}, follow=True)
    assert told(answer) == ["Owner saved."]
    assert "owned by arno" in text_of(answer)
    history = rows(browser.get(f"{SKILLS}{skill.pk}/history/"))
    assert history[0][1:] == ["owner changed", "-", "owner olga", "owner arno", "olga", "Wrote it"]

    browser.post(address, {"owner": "", "reason": ""})
    assert Skill.objects.get(pk=skill.pk).owner is None


@pytest.mark.parametrize("page", ["tags", "owner"])
def test_deleted_skill_keeps_what_it_had(browser: Client, skill: Skill, page: str) -> None:
    services.delete_skill(skill, deactivate=True)
    assert f"{SKILLS}{skill.pk}/{page}/" not in browser.get(f"{SKILLS}{skill.pk}/change/").text
    answer = browser.post(f"{SKILLS}{skill.pk}/{page}/", {"tags": "new", "owner": "", "reason": ""}, follow=True)
    assert told(answer) == ["greeter is deleted. Restore it first."]
    found = Skill.objects.get(pk=skill.pk)
    assert (found.tags, found.owner) == (["office"], skill.owner)


@pytest.mark.parametrize(
    ("held", "may"),
    [
        ([], {"tags": False, "owner": False}),
        (["publish_skill"], {"tags": True, "owner": False}),
        (["administer_skill"], {"tags": False, "owner": True}),
    ],
)
def test_each_is_for_those_who_may_by_the_api_too(
    client: Client, skill: Skill, held: list[str], may: dict[str, bool]
) -> None:
    user = User.objects.create_user("sam", is_staff=True)
    user.user_permissions.set(permissions("view_skill", *held))
    client.force_login(user)
    overview = client.get(f"{SKILLS}{skill.pk}/change/").text
    sent: dict[str, Any] = {"tags": "new", "owner": "", "reason": ""}
    for page, allowed in may.items():
        address = f"{SKILLS}{skill.pk}/{page}/"
        assert (f'href="{address}"' in overview) == allowed
        assert client.get(address).status_code == (200 if allowed else 403)
        assert client.post(address, sent).status_code == (302 if allowed else 403)
    found = Skill.objects.get(pk=skill.pk)
    assert (found.tags == ["new"], found.owner is None) == (may["tags"], may["owner"])
