"""Changes of users, groups and their rights leave events in the audit trail, whichever door they come through."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from skills_registry.models import AuditEvent

from .support.api import Api
from .support.pages import text_of
from .test_escalation import by_deleting, by_deleting_several, by_password, change, made_group

pytestmark = pytest.mark.django_db


def told() -> list[tuple[Any, ...]]:
    """The events since the last look: what, about whom, by whom, before and after."""
    fields = ("action", "subject", "actor__username", "before", "after")
    found = list(AuditEvent.objects.order_by("pk").values_list(*fields))
    AuditEvent.objects.all().delete()
    return found


NEW = {"staff": False, "superuser": False, "active": True}


def test_users_life_in_the_admin_is_told(browser: Client) -> None:
    told()
    form = {"username": "nina", "password1": "a-long-password-9", "password2": "a-long-password-9"}
    browser.post("/admin/auth/user/add/", {**form, "usable_password": "true"})
    assert told() == [("create_user", "nina", "olga", None, {"name": "nina", **NEW})]

    nina = User.objects.get(username="nina")
    group = made_group("helpers", "view_skill")
    told()
    change(browser, nina, username="nora", is_superuser="on", groups=[group.pk])
    assert told() == [
        (
            "change_user", "nora", "olga",
            {"name": "nina", "staff": False, "superuser": False}, {"name": "nora", "staff": True, "superuser": True},
        ),
        ("change_user", "nora", "olga", {"groups": []}, {"groups": ["helpers"]}),
    ]  # fmt: skip
    by_password(browser, nina)
    assert told() == [("change_user", "nora", "olga", None, {"password": "changed"})]
    change(browser, nina, username="nora", groups=[group.pk], is_active="")
    assert told() == [
        ("change_user", "nora", "olga", {"superuser": True, "active": True}, {"superuser": False, "active": False})
    ]
    by_deleting(browser, nina)
    last = {
        "name": "nora",
        "staff": True,
        "superuser": False,
        "active": False,
        "groups": ["helpers"],
        "permissions": [],
    }
    assert told() == [("delete_user", "nora", "olga", last, None)]


def test_groups_life_in_the_admin_is_told(browser: Client) -> None:
    told()
    view = Permission.objects.get(codename="view_skill")
    browser.post("/admin/auth/group/add/", {"name": "helpers", "permissions": [view.pk]})
    made, given = told()
    assert made == ("create_group", "helpers", "olga", None, {"name": "helpers"})
    assert given == (
        "change_group", "helpers", "olga", {"permissions": []}, {"permissions": ["skills_registry.view_skill"]}
    )  # fmt: skip
    group = Group.objects.get(name="helpers")
    browser.post(f"/admin/auth/group/{group.pk}/change/", {"name": "friends", "permissions": []})
    assert told() == [
        ("change_group", "friends", "olga", {"name": "helpers"}, {"name": "friends"}),
        ("change_group", "friends", "olga", {"permissions": ["skills_registry.view_skill"]}, {"permissions": []}),
    ]
    browser.post("/admin/auth/group/", {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})
    assert told() == [("delete_group", "friends", "olga", {"name": "friends", "permissions": []}, None)]


def test_users_deleted_together_are_told_each(browser: Client) -> None:
    user = User.objects.create_user("one")
    told()
    by_deleting_several(browser, user)
    assert [event[:3] for event in told()] == [("delete_user", "one", "olga")]


def test_rights_given_in_any_way_are_told(author: User) -> None:
    told()
    group = made_group("helpers")
    upload, view = Permission.objects.filter(codename__in=["view_invocation", "upload_skill"]).order_by("codename")
    told()
    group.user_set.add(author)
    view.user_set.add(author)
    author.user_permissions.remove(upload)
    author.groups.clear()
    view_only = ["skills_registry.view_skill"]
    assert [(event[1], event[4]) for event in told()] == [
        ("arno", {"groups": ["helpers"]}),
        ("arno", {"permissions": ["invocations.view_invocation", "skills_registry.upload_skill", *view_only]}),
        ("arno", {"permissions": ["invocations.view_invocation", *view_only]}),
        ("arno", {"groups": []}),
    ]


def test_commands_are_told_without_a_person() -> None:
    told()
    call_command("createsuperuser", interactive=False, username="root", email="r@example.com", stdout=StringIO())
    assert told() == [
        ("create_user", "root", None, None, {"name": "root", "staff": True, "superuser": True, "active": True})
    ]
    root = User.objects.get()
    root.set_password("another")
    root.save()
    assert told() == [("change_user", "root", None, None, {"password": "changed"})]


def test_own_password_is_told_and_never_its_value(browser: Client, operator: User) -> None:
    told()
    form = {"old_password": "olgas-password", "new_password1": "another-one-9", "new_password2": "another-one-9"}
    assert browser.post("/admin/password_change/", form).status_code == 302
    assert told() == [("change_user", "olga", "olga", None, {"password": "changed"})]


def test_what_changes_no_right_is_not_told(client: Client, settings: Any) -> None:
    user = User.objects.create_superuser("olga", password="olgas-password")
    told()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    client.post("/admin/login/", {"username": "olga", "password": "olgas-password"})
    assert not User.objects.get().password.startswith("md5")  # hashed anew, which is no new password
    user.refresh_from_db()
    user.first_name = "Olga"
    user.save()
    assert told() == []


def test_trail_of_users_is_shown_where_the_trail_is(browser: Client, operator: User, author: User) -> None:
    change(browser, author, is_superuser="on")
    events = Api(operator).get("audit/", action="change_user").json()["results"]
    newest = events[0]
    assert (newest["subject"], newest["actor"], newest["after"]) == ("arno", "olga", {"superuser": True})

    history = f"/admin/auth/user/{author.pk}/history/"
    assert f'href="{history}"' in browser.get(f"/admin/auth/user/{author.pk}/change/").text
    page = text_of(browser.get(history))
    for text in ("user changed", "superuser no", "superuser yes", "olga", "user made"):
        assert text in page
    group = made_group("helpers", "view_skill")
    assert "skills_registry.view_skill" in text_of(browser.get(f"/admin/auth/group/{group.pk}/history/"))
