"""The four groups: what each may do, made once, and left to the operators from then on."""

from __future__ import annotations

import subprocess
import sys
from ast import literal_eval
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from skills_registry.models import Skill

from .support.pages import rows, text_of
from .support.server import ROOT, clean_environment

pytestmark = pytest.mark.django_db

make_roles = import_module("mcpsite.migrations.0001_roles").make_roles
VIEWER = {"skills_registry.view_skill", "invocations.view_invocation"}
TOKENS = {f"mcp_gateway.{action}_accesstoken" for action in ("view", "add", "change")}
EXPECTED = {
    "viewer": VIEWER,
    "author": VIEWER | {"skills_registry.upload_skill"},
    "publisher": VIEWER | {"skills_registry.publish_skill"},
    "administrator": VIEWER
    | {f"skills_registry.{name}_skill" for name in ("upload", "publish", "administer")}
    | TOKENS,
}


def granted() -> dict[str, set[str]]:
    """What a member of each group may do."""
    members = {group.name: User.objects.create_user(f"{group.name}-{group.pk}") for group in Group.objects.all()}
    for name, user in members.items():
        user.groups.add(Group.objects.get(name=name))
    return {name: user.get_all_permissions() for name, user in members.items()}


@pytest.mark.parametrize("permissions_first", [True, False])
def test_groups_are_made_with_their_permissions(permissions_first: bool) -> None:
    Group.objects.all().delete()
    if not permissions_first:
        Permission.objects.all().delete()
    make_roles(apps, None)
    assert granted() == EXPECTED


def test_what_operators_changed_stays() -> None:
    Group.objects.all().delete()
    mine = Group.objects.create(name="author")
    make_roles(apps, None)
    Group.objects.get(name="publisher").permissions.clear()
    Group.objects.get(name="viewer").permissions.add(Permission.objects.get(codename="upload_skill"))
    make_roles(apps, None)

    may = granted()
    assert (may["author"], may["publisher"]) == (set(), set())
    assert may["viewer"] == EXPECTED["author"]
    assert Group.objects.get(name="author") == mine


def test_registry_offers_no_permission_that_does_nothing() -> None:
    offered = Permission.objects.filter(content_type__app_label="skills_registry").values_list("codename", flat=True)
    assert sorted(offered) == ["administer_skill", "publish_skill", "upload_skill", "view_skill"]
    assert Skill._meta.default_permissions == ["view"]


def test_new_database_has_the_groups(tmp_path: Path) -> None:
    code = (
        "from django.contrib.auth.models import Group;"
        "print({group.name: group.permissions.count() for group in Group.objects.order_by('name')})"
    )
    for arguments in (["migrate", "-v0"], ["shell", "-v0", "-c", code]):
        command = [sys.executable, "manage.py", *arguments]
        said = subprocess.check_output(command, cwd=ROOT, env=clean_environment(tmp_path), text=True)
    assert literal_eval(said) == {name: len(expected) for name, expected in EXPECTED.items()}


def test_users_pages_say_which_roles_they_have_and_what_each_may_do(
    browser: Client, author: User, django_assert_num_queries: Any
) -> None:
    make_roles(apps, None)
    Group.objects.create(name="empty")
    clerks = Group.objects.create(name="clerks")
    clerks.permissions.set(Permission.objects.filter(codename__in=["view_user", "delete_accesstoken"]))
    author.groups.set(Group.objects.filter(name__in=["publisher", "author"]))
    for number in range(20):
        User.objects.create_user(f"more-{number}").groups.add(clerks)

    # Expect 7 queries: session, user, number of users with the filter and without, users, their groups, the filter
    with django_assert_num_queries(7):
        listed = rows(browser.get("/admin/auth/user/"))
    assert next(row for row in listed if "arno" in row)[5] == "author, publisher"

    page = text_of(browser.get(f"/admin/auth/user/{author.pk}/change/"))
    for text in (
        "viewer: see skills; see logged calls",
        "author: see skills; see logged calls; upload, edit and request review",
        "publisher: see skills; see logged calls; publish, roll back, deactivate, yank, review,",
        "see access tokens; create access tokens; revoke access tokens",
        "clerks: see users; Can delete access token",
        "empty: nothing",
    ):
        assert text in page
