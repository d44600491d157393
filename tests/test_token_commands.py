"""Access tokens by command: made for some skills, listed, revoked."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from mcp_gateway.auth import create_token, find_token
from mcp_gateway.models import AccessToken

pytestmark = pytest.mark.django_db


def said(*arguments: Any) -> list[list[str]]:
    """The fields of each line that a command prints."""
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return [line.split("\t") for line in out.getvalue().splitlines()]


def test_token_is_made_for_some_skills_and_scopes(operator: User) -> None:
    options = ["--scope", "skills:read", "--skill", "greeter", "--skill", "other", "--tag", "sales"]
    ((text,),) = said("create_token", "--user", "olga", *options)

    token = find_token(text)
    assert token is not None
    assert (token.scopes, token.skills, token.tags) == (["skills:read"], ["greeter", "other"], ["sales"])
    with pytest.raises(CommandError, match="Invalid skill names"):
        said("create_token", "--user", "olga", "--skill", "No Name")
    with pytest.raises(CommandError, match="Invalid tags: a,b"):
        said("create_token", "--user", "olga", "--tag", "a,b")


def test_list_says_what_each_token_opens_and_never_its_text(operator: User, author: User) -> None:
    _, text = create_token(operator, "CI", scopes=["skills:read"], skills=["greeter"], tags=["sales"])
    find_token(text)
    create_token(author, "old", expires_at=timezone.now() - timedelta(days=1))

    old, new = said("list_tokens")
    assert new[1:6] == ["olga", "CI", "valid", "skills:read", "greeter,#sales"]
    assert (new[6], new[7][:5]) == ("no end", "used ")
    assert old[3:6] == ["expired", "skills:read,skills:write", "all skills"]
    assert old[7] == "never used"
    assert text.startswith(new[0])
    assert text not in str(new)
    assert said("list_tokens", "--user", "olga") == said("list_tokens", "--state", "valid") == [new]


def test_token_is_revoked_by_its_beginning_or_by_itself(operator: User) -> None:
    (one, first), (_, second), (_, third) = (create_token(operator, name) for name in ("one", "two", "three"))

    assert said("revoke_token", one.prefix, "--dry-run") == [[f"Would revoke {one} of olga."]]
    assert find_token(first) is not None
    assert said("revoke_token", one.prefix) == [[f"Revoked {one} of olga."]]
    assert find_token(first) is None
    said("revoke_token", second)
    assert find_token(second) is None
    assert find_token(third) is not None
    assert said("revoke_token", one.prefix) == [["All of them were revoked already."]]


def test_all_tokens_of_a_user_are_revoked(operator: User, author: User) -> None:
    create_token(author, "one"), create_token(author, "two")
    _, other = create_token(operator, "other")

    assert len(said("revoke_token", "--user", "arno")) == 2
    assert AccessToken.objects.filter(revoked_at=None).count() == 1
    assert find_token(other) is not None


@pytest.mark.parametrize("arguments", [["skk_nobody"], ["--user", "nobody"], ["skk_"], [""]])
def test_what_names_no_token_is_refused(operator: User, arguments: list[str]) -> None:
    create_token(operator, "CI")
    with pytest.raises(CommandError, match=r"has no tokens|No token has this prefix"):
        said("revoke_token", *arguments)
    assert AccessToken.objects.filter(revoked_at=None).count() == 1
