"""A skill is deleted softly: hidden, never served, its name taken, and restored with all it had."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.catalog.dynamodb import DynamoCatalog
from skills_registry.catalog.orm import OrmCatalog
from skills_registry.catalog.tables import SkillItem
from skills_registry.maintenance.rebuild import rebuild
from skills_registry.models import AuditEvent, Publication, Skill, SkillVersion
from skills_registry.store import package_store

from .conftest import Gateway, live, lose_registry, publish
from .support.api import Api
from .support.packages import package
from .support.pages import SKILLS, text_of
from .support.threads import at_once
from .test_dynamo_catalog import catalog

dynamo_catalog = catalog

pytestmark = pytest.mark.django_db(transaction=True)


def skill(name: str = "greeter") -> Skill:
    return Skill.objects.with_summary().get(name=name)


def served() -> list[str]:
    return [one.name for one in OrmCatalog().changes_since(0).published]


def test_live_skill_is_deleted_only_by_the_wish_to_deactivate_it(operator: User) -> None:
    publish()
    with pytest.raises(services.Conflict, match=r"greeter v1 is live. Deactivate greeter first, or together"):
        services.delete_skill(skill(), actor=operator)
    with pytest.raises(services.Conflict, match="This skill changed"):
        services.delete_skill(skill(), deactivate=True, expected_live=None)
    assert (live(), skill().deleted_at) == ("v1", None)

    services.delete_skill(skill(), actor=operator, reason="old", deactivate=True, expected_live=1)
    assert (live(), skill().status, served()) == (None, "deleted", [])
    assert Publication.objects.latest("generation").action == "deactivate"
    with pytest.raises(services.Conflict, match="greeter is deleted"):
        services.delete_skill(skill())


@pytest.mark.parametrize(
    "operation",
    [
        lambda: services.publish(skill(), 1),
        lambda: services.create_version(package(body="new")),
        lambda: services.create_version(package()),
        lambda: services.set_tags(skill(), ["fun"]),
        lambda: services.set_owner(skill(), None),
        lambda: services.yank_version(SkillVersion.objects.get()),
        lambda: services.delete_version(SkillVersion.objects.get()),
    ],
)
def test_nothing_of_a_deleted_skill_changes(operation: Any) -> None:
    services.create_version(package())
    services.delete_skill(skill())
    events = AuditEvent.objects.count()

    with pytest.raises(services.Conflict, match=r"greeter is deleted. Restore it first"):
        operation()
    assert (AuditEvent.objects.count(), SkillVersion.objects.count(), skill().status) == (events, 1, "deleted")


def test_restore_brings_all_back_and_serves_nothing_by_itself(author: User) -> None:
    publish(body="one")
    publish(body="two")
    services.set_tags(skill(), ["fun"])
    services.set_owner(skill(), author)
    services.yank_version(SkillVersion.objects.get(number=1), reason="old")
    services.delete_skill(skill(), deactivate=True)

    restored = services.restore_skill(skill())
    assert (restored.tags, restored.owner, restored.deleted_at) == (["fun"], author, None)
    assert (skill().status, skill().latest_number, served()) == ("inactive", 2, [])
    services.publish(skill(), 2)
    assert served() == ["greeter"]
    with pytest.raises(services.Conflict, match="greeter is not deleted"):
        services.restore_skill(skill())


def test_lists_hide_it_until_asked(operator: User, client: Client) -> None:
    publish("kept")
    services.create_version(package("gone"))
    services.delete_skill(skill("gone"))

    assert [one.name for one in Skill.objects.not_deleted()] == ["kept"]
    api = Api(operator)
    assert [one["name"] for one in api.get("skills/").json()["results"]] == ["kept"]
    assert [one["name"] for one in api.get("skills/", status="deleted").json()["results"]] == ["gone"]
    assert api.get("skills/gone/").json()["status"] == "deleted"
    client.force_login(operator)
    assert "gone" not in text_of(client.get(SKILLS))
    assert "gone" in text_of(client.get(f"{SKILLS}?status=deleted"))


async def test_agents_do_not_get_it(gateway: Gateway) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(publish)()
    assert [tool["name"] for tool in (await gateway.legacy("tools/list"))["result"]["tools"]] == ["greeter"]
    await sync_to_async(lambda: services.delete_skill(skill(), deactivate=True))()
    assert (await gateway.legacy("tools/list"))["result"]["tools"] == []


def test_dynamodb_serves_it_no_more(dynamo_catalog: DynamoCatalog) -> None:
    publish()
    known = dynamo_catalog.generation()
    services.delete_skill(skill(), deactivate=True)
    assert list(dynamo_catalog.changes_since(known).withdrawn) == ["greeter"]
    assert SkillItem.get("greeter").status == "inactive"


def test_delete_and_publish_at_once_never_leave_a_deleted_skill_live() -> None:
    services.create_version(package())

    def act(operation: str) -> bool:
        try:
            if operation == "delete":
                services.delete_skill(skill())
            else:
                services.publish(skill(), 1)
        except services.Conflict:
            return False
        return True

    assert sorted(at_once(act, ["delete", "publish"])) == [False, True]
    assert (live() is None) == (skill().status == "deleted")


def test_registry_that_was_lost_does_not_bring_it_back_to_life() -> None:
    publish()
    services.delete_skill(skill(), deactivate=True)
    assert package_store.read_latest("greeter")["status"] == "deleted"
    lose_registry()

    rebuild("greeter")
    assert (skill().status, served()) == ("deleted", [])
    services.restore_skill(skill())
    assert skill().status == "inactive"
