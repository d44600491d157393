"""Addresses that no page leads to: what they ask for is refused, and never breaks or holds up the server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client

from mcp_gateway.models import AccessToken

from .conftest import publish
from .support.api import Api

pytestmark = pytest.mark.django_db

DIGITS = "1" * 5000
"""More than Python reads as a number."""
HARMLESS = {"exact", "isnull"}


def lookups() -> Iterator[tuple[str, str]]:
    """Every list of Django's, and every way to filter it that Django knows, but for those that are harmless."""
    for model in (User, Group, AccessToken):
        for field in model._meta.fields:
            for lookup in sorted(field.get_lookups().keys() - HARMLESS):
                yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/", f"{field.name}__{lookup}"


def test_lists_are_filtered_by_what_they_offer_alone(browser: Client) -> None:
    taken = [(path, name) for path, name in lookups() if browser.get(path, {name: "["}).status_code != 400]
    assert taken == []


def test_regular_expressions_do_not_come_from_addresses(browser: Client) -> None:
    Group.objects.create(name="a" * 40)
    # It would run for hours, and nothing else would meanwhile.
    assert browser.get("/admin/auth/group/", {"name__regex": "^(a+)+$b"}).status_code == 400


def test_offered_filters_work(browser: Client, operator: User) -> None:
    group = Group.objects.create(name="g")
    operator.groups.add(group)
    User.objects.create_user("nobody")
    found = browser.get("/admin/auth/user/", {"groups__id__exact": str(group.pk), "is_superuser__exact": "1"})
    assert [user.username for user in found.context["cl"].queryset] == [operator.username]
    assert browser.get("/admin/mcp_gateway/accesstoken/", {"state": "valid"}).status_code == 200
    assert browser.get("/admin/auth/user/", {"groups__isnull": "True"}).status_code == 200


def test_every_list_of_djangos_is_among_them() -> None:
    own = {"skill", "invocation"}  # lists of the registry's and the log's own
    assert {model._meta.model_name for model in admin.site._registry} - own == {"user", "group", "accesstoken"}


@pytest.mark.parametrize(
    "path",
    [
        "skills_registry/skill/{}/change/", "skills_registry/skill/{}/versions/", "skills_registry/skill/{}/history/",
        "skills_registry/skill/1/versions/{}/", "skills_registry/skill/1/publish/{}/", "auth/user/{}/change/",
        "auth/user/{}/password/", "auth/group/{}/change/", "mcp_gateway/accesstoken/{}/change/",
        "skills_registry/skill/?page={}", "skills_registry/skill/1/compare/?from={}&to=1", "auth/group/?p={}&o={}",
        "skills_registry/skill/1/history/?before={}", "auth/user/1/history/?before={}", "search/?q=greeter+v{}",
        "skills_registry/skill/bulk/?action=publish&skill={}", "mcp_gateway/accesstoken/revoke/?token={}",
        "skills_registry/skill/1/files/?number={}", "skills_registry/skill/1/try/?version={}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [DIGITS, "9" * 30, "\u0661", "-1"])
def test_numbers_of_any_length_are_answered(browser: Client, path: str, number: str) -> None:
    publish()
    assert browser.get("/admin/" + path.replace("{}", number)).status_code in (200, 302, 400, 404)


@pytest.mark.parametrize(
    "body", [{"\ud800": 1}, {"changes": {"\ud800": 5}}, {"changes": {"a": {"\ud800": 5}}}, {"changes": [{"\ud800": 5}]}]
)
def test_names_that_cannot_be_written_are_refused(operator: User, body: object) -> None:
    answer = Api(operator).post("skills/greeter/versions/1/edit/", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The JSON cannot be read: no low surrogate")
