"""HTTP methods that a path of the API does not have do nothing, whatever the classes happen to define."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from skills_registry.api.permissions import VIEW
from skills_registry.models import AuditEvent, Skill

from .conftest import live, permissions, publish
from .support.api import Api

METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"]


def views(patterns: Any = None) -> Iterator[Any]:
    """The view function of every path that belongs to a viewset."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns)
        elif hasattr(pattern.callback, "actions"):
            yield pattern.callback


@pytest.mark.django_db
@pytest.mark.parametrize("held", [[], ["view_skill"], ["view_skill", "administer_skill", "publish_skill"]])
@pytest.mark.parametrize("path", ["tags", "owner", "audit", "restore", "delete"])
def test_delete_of_a_path_that_takes_none_deletes_no_skill(held: list[str], path: str) -> None:
    publish()
    user = User.objects.create_user("sam")
    user.user_permissions.set(permissions(*held))
    events = AuditEvent.objects.count()
    api = Api(user)

    answer = api.client.delete(f"/api/v1/skills/greeter/{path}/", {"deactivate": True}, "application/json")
    assert answer.status_code == 405
    assert (live(), Skill.objects.get().deleted_at) == ("v1", None)
    assert AuditEvent.objects.count() == events + 1  # the token


def test_no_viewset_has_a_function_with_the_name_of_a_method() -> None:
    classes = {view.cls for view in views()}
    assert len(classes) >= 9
    named = {
        (found.__name__, name)
        for found in classes
        for name in METHODS
        if getattr(found, name, None) is not getattr(APIView, name, None)
    }
    assert named == set()


def test_every_action_names_its_permission() -> None:
    for view in views():
        assert set(view.actions.values()) <= set(view.cls.permissions)


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "status"), [("get", 200), ("delete", 405), ("post", 403)])
def test_what_no_permission_is_named_for_is_denied(operator: User, method: str, status: int) -> None:
    class Forgetful(ViewSet):
        permissions = {"list": VIEW}

        def list(self, request: Any) -> HttpResponse:
            return HttpResponse()

        def forgotten(self, request: Any) -> HttpResponse:
            raise AssertionError("this ran")

        delete = forgotten

    request = getattr(APIRequestFactory(), method)("/")
    force_authenticate(request, operator)
    answer = Forgetful.as_view({"get": "list", "post": "forgotten"})(request)
    assert answer.status_code == status


@pytest.mark.django_db
def test_method_of_no_permission_needs_a_caller() -> None:
    publish()
    assert Client().delete("/api/v1/skills/greeter/tags/").status_code == 401
