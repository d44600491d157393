"""The tab of a skill that says who reaches it, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from mcp_gateway.auth import create_token, revoke_token
from skills_registry import services
from skills_registry.models import Skill

from .conftest import permissions, publish
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> str:
    """The address of the tab of a skill with the tags sales and emea."""
    publish("greeter")
    skill = Skill.objects.get()
    services.set_tags(skill, ["sales", "emea"])
    return f"{SKILLS}{skill.pk}/access/"


def test_tokens_that_reach_it_are_named_with_the_reason(page: str, operator: User, client: Client) -> None:
    past = timezone.now() - timedelta(days=1)
    create_token(operator, "everything")
    create_token(operator, "by name", skills=["greeter"])
    create_token(operator, "by tag", tags=["emea", "legal"])
    create_token(operator, "something else", skills=["other"], tags=["legal"])
    create_token(operator, "may only write", scopes=["skills:write"])
    create_token(operator, "has ended", expires_at=past)
    revoke_token(create_token(operator, "was revoked")[0])
    client.force_login(operator)

    answer = client.get(page)

    found = {reach.token.name: reach.why for reach in answer.context["reaching"]}
    assert found == {
        "everything": "all skills",
        "by name": "skill name",
        "by tag": "tag emea",
    }
    assert "something else" not in text_of(answer)


def test_tokens_reach_it_whose_owners_may_see_skills(page: str, operator: User, author: User, client: Client) -> None:
    roles = {name: User.objects.create_user(name) for name in ("member", "outsider", "retired")}
    group = Group.objects.create(name="readers")
    group.permissions.set(permissions("view_skill"))
    group.user_set.set([roles["member"], roles["retired"]])
    User.objects.filter(username="retired").update(is_active=False)
    roles["outsider"].user_permissions.set(permissions("publish_skill"))
    for owner in (operator, author, *roles.values()):
        create_token(owner, owner.get_username())
    client.force_login(operator)

    found = {reach.token.name for reach in client.get(page).context["reaching"]}

    assert found == {"olga", "arno", "member"}


def test_who_may_not_see_tokens_sees_none(page: str, operator: User, author: User, client: Client) -> None:
    create_token(operator, "everything")
    client.force_login(author)
    assert "everything" not in client.get(page).text
    assert "Access tokens" in client.get(page).text


@pytest.mark.parametrize(("required", "told"), [(True, "No access without a token."), (False, "without a token (MCP")])
def test_it_says_whether_a_token_is_needed(
    page: str, operator: User, client: Client, settings: Any, *, required: bool, told: str
) -> None:
    settings.MCP_REQUIRE_AUTH = required
    client.force_login(operator)
    assert told in text_of(client.get(page))


def test_it_says_which_tokens_of_an_issuer_reach_it(page: str, operator: User, client: Client, settings: Any) -> None:
    client.force_login(operator)
    assert "Not accepted." in text_of(client.get(page))
    settings.MCP_JWT_ISSUER = "https://login.example.com"
    assert "All tokens from https://login.example.com" in text_of(client.get(page))
    settings.MCP_JWT_TAGS_CLAIM = "cognito:groups"
    assert "cognito:groups" in text_of(client.get(page))


def test_it_asks_as_often_for_many_tokens_as_for_one(
    page: str, operator: User, client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(300):
        create_token(operator, f"token {number}")
    client.force_login(operator)
    # Expect: session, user, skill, tokens; and what the frame of the admin asks
    with django_assert_max_num_queries(6):
        answer = client.get(page)
    assert "200 most recently used of 300" in text_of(answer)
