"""Publish, rollback, deactivate: the pointer, its history, `latest.json`, and what operators do at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.models import CatalogHead, Publication, Skill, SkillVersion
from skills_registry.store import package_store

from .conftest import live, publish
from .support.packages import package
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def latest(store: Path) -> Any:
    return json.loads((store / "skills/greeter/latest.json").read_text())


def skill() -> Skill:
    """The skill as lists show it."""
    return Skill.objects.with_summary().get(name="greeter")


def test_publish_makes_a_version_live_and_says_who(operator: User, store: Path) -> None:
    version, _ = services.create_version(package())
    services.publish(version.skill, 1, actor=operator, reason="ready")

    assert (live(), skill().status) == ("v1", "active")
    publication = Publication.objects.get()
    assert (publication.action, publication.actor, publication.reason) == ("publish", operator, "ready")
    assert latest(store)["version"] == "v1"
    assert latest(store)["published_at"] == publication.created_at.isoformat()


def test_newer_upload_does_not_change_what_is_live() -> None:
    publish(body="one")
    services.create_version(package(body="two"))

    assert (live(), skill().latest_number) == ("v1", 2)


def test_rollback_goes_back_and_latest_json_follows(store: Path) -> None:
    publish(body="one")
    publish(body="two")
    assert latest(store)["version"] == "v2"

    publication = services.rollback(skill(), reason="broken")

    assert (live(), publication.action, latest(store)["version"]) == ("v1", "rollback", "v1")
    assert [p.action for p in Publication.objects.all()] == ["rollback", "publish", "publish"]


def test_rollback_without_a_number_skips_versions_that_were_never_live() -> None:
    publish(body="one")
    services.create_version(package(body="two"))
    publish(body="three")

    services.rollback(skill())
    assert live() == "v1"


def test_publishing_an_older_version_is_recorded_as_a_rollback() -> None:
    publish(body="one")
    publish(body="two")

    assert services.publish(skill(), 1).action == "rollback"


def test_deactivate_clears_the_pointer_and_keeps_the_versions(store: Path) -> None:
    publish()
    services.deactivate(skill())

    assert (live(), skill().status, latest(store)["version"]) == (None, "inactive", None)
    assert SkillVersion.objects.count() == 1
    services.publish(skill(), 1)
    assert live() == "v1"


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (lambda: services.publish(skill(), 1), "is already live"),
        (lambda: services.rollback(skill()), "no older version"),
        (lambda: services.rollback(skill(), 2), "not older"),
        (
            lambda: services.publish(skill(), 2, expected_live=2),
            "This skill changed while you were looking: v1 is live",
        ),
        (lambda: services.deactivate(skill(), expected_live=None), "This skill changed"),
    ],
)
def test_operation_that_does_not_fit_is_a_conflict(operation: Any, message: str) -> None:
    publish(body="one")
    services.create_version(package(body="two"))
    before = CatalogHead.objects.get().generation

    with pytest.raises(services.Conflict, match=message):
        operation()
    assert live() == "v1"
    assert CatalogHead.objects.get().generation == before


def test_version_that_is_not_there_cannot_be_published() -> None:
    publish()
    with pytest.raises(SkillVersion.DoesNotExist):
        services.publish(skill(), 7)


def test_version_that_is_still_being_stored_cannot_be_published() -> None:
    publish(body="one")
    version, _ = services.create_version(package(body="two"))
    SkillVersion.objects.filter(pk=version.pk).update(state="storing")

    with pytest.raises(SkillVersion.DoesNotExist):
        services.publish(skill(), 2)


def test_history_cannot_be_changed() -> None:
    publish()
    publication = Publication.objects.get()
    publication.reason = "another"
    with pytest.raises(TypeError, match="cannot be changed"):
        publication.save()


def test_projection_that_fails_stays_pending_until_it_is_made(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(body="one")

    def fail(*args: Any) -> None:
        raise StoreUnavailable("store is away")

    with monkeypatch.context() as patch:
        patch.setattr(package_store, "write_latest", fail)
        publish(body="two")
    assert live() == "v2"
    assert latest(store)["version"] == "v1"
    assert list(Skill.objects.pending()) == [skill()]

    assert services.sweep().projections == 1
    assert latest(store)["version"] == "v2"
    assert not Skill.objects.pending().exists()


def test_many_publishes_and_rollbacks_at_once_leave_everything_in_agreement(store: Path) -> None:
    for number in range(1, 6):
        services.create_version(package(body=f"text {number}"))

    def change(number: int) -> bool:
        try:
            services.publish(Skill.objects.get(name="greeter"), number % 5 + 1)
        except services.Conflict:
            return False
        return True

    changed = sum(at_once(change, range(20)))

    assert Publication.objects.count() == changed
    assert CatalogHead.objects.get().generation == 5 + changed
    newest = Publication.objects.first()
    assert newest is not None
    assert newest.version is not None
    assert live() == newest.version.label == latest(store)["version"]
    assert skill().generation == newest.generation == latest(store)["generation"]
    assert not Skill.objects.pending().exists()
