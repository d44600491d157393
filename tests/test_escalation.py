"""Nobody gives more than he has: not to himself, not to others, not through a group, a password or a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.test import Client

from mcp_gateway.auth import create_token
from mcp_gateway.models import AccessToken

from .support.pages import text_of

pytestmark = pytest.mark.django_db

OF_CLERKS = ["view_user", "add_user", "change_user", "delete_user", "view_group", "add_group", "change_group"]


@pytest.fixture
def clerk(client: Client) -> User:
    """Somebody who may change users and groups and see skills, and nothing else; signed in."""
    user = User.objects.create_user("clara", password="claras-password", is_staff=True)
    group = Group.objects.create(name="clerks")
    group.permissions.set(Permission.objects.filter(codename__in=[*OF_CLERKS, "delete_group", "view_skill"]))
    user.groups.add(group)
    client.force_login(user)
    return user


@pytest.fixture
def weak(db: None) -> User:
    """Somebody with fewer rights than the clerk."""
    user = User.objects.create_user("wendy", password="wendys-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_skill"))
    return user


@pytest.fixture
def strong(db: None) -> User:
    """Somebody who may do what the clerk may not."""
    user = User.objects.create_user("steve", password="steves-password", is_staff=True)
    user.groups.add(made_group("publishers", "publish_skill"))
    return user


def made_group(name: str, *codenames: str) -> Group:
    group = Group.objects.create(name=name)
    group.permissions.set(Permission.objects.filter(codename__in=codenames))
    return group


def key(codename: str) -> int:
    return Permission.objects.get(codename=codename).pk


def change(client: Client, user: User, **fields: Any) -> Any:
    """Send the form of a user, with these fields beside those that it must have."""
    form = {
        "username": user.username, "is_active": "on", "is_staff": "on", "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00", "groups": [group.pk for group in user.groups.all()],
    }  # fmt: skip
    return client.post(f"/admin/auth/user/{user.pk}/change/", {**form, **fields})


def fresh(user: User) -> User:
    """The user with what he may do now."""
    return User.objects.get(pk=user.pk)


def test_clerk_changes_those_who_may_less(client: Client, clerk: User, weak: User) -> None:
    viewers = made_group("viewers", "view_skill")
    assert change(client, weak, first_name="Wendy", groups=[viewers.pk]).status_code == 302
    assert (fresh(weak).first_name, list(fresh(weak).groups.all())) == ("Wendy", [viewers])

    new = {"password1": "a-long-password-9", "password2": "a-long-password-9"}
    assert client.post(f"/admin/auth/user/{weak.pk}/password/", new).status_code == 302
    assert fresh(weak).check_password("a-long-password-9")
    assert client.post(f"/admin/auth/user/{weak.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=weak.pk).exists()


@pytest.mark.parametrize("whom", ["clerk", "weak"])
def test_nobody_but_a_superuser_makes_superusers(client: Client, clerk: User, weak: User, whom: str) -> None:
    user = {"clerk": clerk, "weak": weak}[whom]
    page = client.get(f"/admin/auth/user/{user.pk}/change/").content
    assert b'name="is_superuser"' not in page
    assert change(client, user, is_superuser="on").status_code == 302
    assert not fresh(user).is_superuser


@pytest.mark.parametrize("whom", ["clerk", "weak"])
def test_groups_are_given_by_those_who_may_what_they_allow(client: Client, clerk: User, weak: User, whom: str) -> None:
    user = {"clerk": clerk, "weak": weak}[whom]
    before = fresh(user).get_all_permissions()
    answer = change(
        client, user, groups=[*(group.pk for group in user.groups.all()), made_group("x", "publish_skill").pk]
    )
    assert answer.status_code == 200  # the form again
    assert fresh(user).get_all_permissions() == before


@pytest.mark.parametrize("whom", ["clerk", "weak"])
def test_permissions_that_the_form_does_not_show_are_not_taken(
    client: Client, clerk: User, weak: User, whom: str
) -> None:
    user = {"clerk": clerk, "weak": weak}[whom]
    before = fresh(user).get_all_permissions()
    change(client, user, user_permissions=[key("administer_skill")])
    assert fresh(user).get_all_permissions() == before


def by_form(client: Client, user: User) -> Any:
    return change(client, user, email="mine@example.com", username="renamed")


def by_password(client: Client, user: User) -> Any:
    new = {"password1": "a-long-password-9", "password2": "a-long-password-9"}
    return client.post(f"/admin/auth/user/{user.pk}/password/", new)


def by_taking_the_password_away(client: Client, user: User) -> Any:
    form = {"usable_password": "false", "unset-password": "1"}
    return client.post(f"/admin/auth/user/{user.pk}/password/", form)


def by_deleting(client: Client, user: User) -> Any:
    return client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})


def by_deleting_several(client: Client, user: User) -> Any:
    form = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    return client.post("/admin/auth/user/", form)


@pytest.mark.parametrize("way", [by_form, by_password, by_taking_the_password_away, by_deleting, by_deleting_several])
@pytest.mark.parametrize("name", ["olga", "steve"])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.usefixtures("clerk", "operator", "strong")
def test_nobody_touches_who_may_more(client: Client, way: Callable[..., Any], name: str, active: bool) -> None:
    user = User.objects.get(username=name)
    User.objects.filter(pk=user.pk).update(is_active=active)
    before = User.objects.filter(pk=user.pk).values().get()

    assert way(client, user).status_code in (200, 403)  # 200: the list says that nothing was done
    assert User.objects.filter(pk=user.pk).values().get() == before


def test_who_may_more_can_be_looked_at_but_not_his_password(client: Client, clerk: User, operator: User) -> None:
    answer = client.get(f"/admin/auth/user/{operator.pk}/change/")
    assert answer.status_code == 200
    assert operator.username in text_of(answer)
    assert operator.password not in answer.text
    assert 'name="email"' not in answer.text


def test_superuser_who_is_not_of_the_staff_is_one_too(client: Client, clerk: User, operator: User) -> None:
    User.objects.filter(pk=operator.pk).update(is_staff=False)
    assert by_password(client, operator).status_code == 403


def test_who_has_the_same_rights_may_be_changed(client: Client, clerk: User) -> None:
    peer = User.objects.create_user("peter")
    peer.groups.set(clerk.groups.all())
    assert by_password(client, peer).status_code == 302


def test_new_users_may_nothing(client: Client, clerk: User) -> None:
    form = {
        "username": "new", "password1": "a-long-password-9", "password2": "a-long-password-9", "is_superuser": "on",
        "is_staff": "on", "groups": [made_group("x", "publish_skill").pk], "user_permissions": [key("publish_skill")],
    }  # fmt: skip
    assert client.post("/admin/auth/user/add/?is_superuser=1", form).status_code == 302
    made = User.objects.get(username="new")
    assert (made.is_superuser, made.is_staff, made.get_all_permissions()) == (False, False, set())


@pytest.mark.parametrize("new", [False, True])
def test_groups_get_no_right_that_their_maker_lacks(client: Client, clerk: User, new: bool) -> None:
    address = "/admin/auth/group/add/" if new else f"/admin/auth/group/{clerk.groups.get().pk}/change/"
    kept = list(clerk.groups.get().permissions.values_list("pk", flat=True))
    for codename in ("publish_skill", "add_accesstoken"):
        answer = client.post(address, {"name": "clerks-too", "permissions": [*kept, key(codename)]})
        assert answer.status_code == 200  # the form again
    assert not Group.objects.filter(name="clerks-too").exists()
    assert client.post(address, {"name": "clerks-too", "permissions": kept}).status_code == 302


@pytest.mark.parametrize("page", ["change", "delete", "several"])
def test_groups_that_may_more_stay_as_they_are(client: Client, clerk: User, page: str) -> None:
    group = made_group("publishers", "publish_skill")
    form = {"name": "renamed", "post": "yes", "action": "delete_selected", "_selected_action": [group.pk]}
    address = "/admin/auth/group/" if page == "several" else f"/admin/auth/group/{group.pk}/{page}/"
    assert client.post(address, form).status_code in (200, 403)
    group.refresh_from_db()
    assert (group.name, group.permissions.count()) == ("publishers", 1)


def test_nobody_deletes_himself(browser: Client, operator: User) -> None:
    assert by_deleting(browser, operator).status_code == 403
    by_deleting_several(browser, operator)
    assert User.objects.filter(pk=operator.pk).exists()


def test_superusers_do_all_of_it(browser: Client, operator: User, strong: User) -> None:
    group = made_group("all", "administer_skill")
    assert change(browser, strong, is_superuser="on", groups=[group.pk]).status_code == 302
    assert fresh(strong).is_superuser
    assert by_password(browser, strong).status_code == 302
    assert by_deleting(browser, strong).status_code == 302


def test_tokens_for_others_are_made_by_superusers_alone(client: Client, clerk: User, operator: User) -> None:
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["add_accesstoken", "view_accesstoken"]))
    form = {"name": "mine", "scopes": ["skills:read", "skills:write"]}
    assert client.post("/admin/mcp_gateway/accesstoken/add/", {**form, "user": operator.pk}).status_code == 200
    assert not AccessToken.objects.exists()
    with pytest.raises(PermissionDenied):
        create_token(operator, "mine", actor=clerk)

    assert client.post("/admin/mcp_gateway/accesstoken/add/", {**form, "user": clerk.pk}).status_code == 200
    assert AccessToken.objects.get().user == clerk
    create_token(clerk, "his", actor=operator)
