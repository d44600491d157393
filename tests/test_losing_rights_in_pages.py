"""A right that is lost is gone at the next request to the API, and a session at the next page of the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from .conftest import permissions, publish
from .support.losing_rights import LOSSES, holder
from .support.pages import LOG, SKILLS

pytestmark = pytest.mark.django_db
READING = ["skills/", "skills/greeter/", "skills/greeter/versions/", "skills/greeter/versions/1/"]


@pytest.mark.parametrize("path", READING)
@pytest.mark.parametrize("name", LOSSES)
def test_token_reads_nothing_through_the_api_after_the_loss(name: str, path: str) -> None:
    publish()
    user, token, text = holder(LOSSES[name])
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.get(f"/api/v1/{path}").status_code == 200

    LOSSES[name].take(user, token)

    assert client.get(f"/api/v1/{path}").status_code == LOSSES[name].status


EVERYTHING = ("view_skill", "upload_skill", "publish_skill", "administer_skill", "view_invocation")


def member() -> User:
    """Staff who may do everything by a group."""
    user = User.objects.create_user("mia", is_staff=True)
    group = Group.objects.create(name="everything")
    group.permissions.set(permissions(*EVERYTHING))
    user.groups.add(group)
    return user


def change_password(user: User) -> None:
    """Make another password, with which sessions under the one before end."""
    user.set_password("another")
    user.save()


TAKING: dict[str, tuple[Callable[[User], Any], int]] = {
    "deactivated": (lambda user: User.objects.filter(pk=user.pk).update(is_active=False), 302),
    "deleted": (lambda user: user.delete(), 302),
    "no longer staff": (lambda user: User.objects.filter(pk=user.pk).update(is_staff=False), 302),
    "password changed": (change_password, 302),
    "removed from the group": (lambda user: user.groups.clear(), 403),
    "group loses its permissions": (lambda user: user.groups.get().permissions.clear(), 403),
    "group deleted": (lambda user: user.groups.get().delete(), 403),
}
"""What is done to somebody who is signed in, and the HTTP status of what is asked then: 302 leads to the login."""
PAGES = [
    ("get", SKILLS),
    ("get", f"{SKILLS}{{pk}}/change/"),
    ("get", f"{SKILLS}{{pk}}/versions/1/"),
    ("get", f"{SKILLS}{{pk}}/versions/1/zip/"),
    ("get", f"{SKILLS}{{pk}}/try/"),
    ("post", f"{SKILLS}{{pk}}/try/"),
    ("get", f"{SKILLS}upload/"),
    ("post", f"{SKILLS}{{pk}}/deactivate/"),
    ("get", LOG),
    ("get", f"{LOG}follow/?from=2026-11-28T00:00:00Z"),
    ("get", f"{LOG}export.csv"),
]


@pytest.mark.parametrize("name", TAKING)
def test_session_opens_no_page_after_the_loss(name: str, client: Client) -> None:
    pk = publish().skill.pk
    user = member()
    client.force_login(user)
    for method, path in PAGES:
        if method == "get":
            assert client.get(path.format(pk=pk)).status_code == 200, path
    take, status = TAKING[name]

    take(user)

    for method, path in PAGES:
        answer = getattr(client, method)(path.format(pk=pk))
        assert answer.status_code == status, path
        assert status != 302 or answer.headers["location"].startswith("/admin/login/"), path


@pytest.mark.parametrize("name", [name for name in TAKING if name != "no longer staff"])
def test_session_reads_nothing_through_the_api_after_the_loss(name: str, client: Client) -> None:
    publish()
    user = member()
    client.force_login(user)
    assert client.get("/api/v1/skills/").status_code == 200
    take, status = TAKING[name]

    take(user)

    assert client.get("/api/v1/skills/").status_code == (401 if status == 302 else status)
