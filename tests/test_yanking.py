"""A yanked version cannot go live; the live one cannot be yanked; the reason is kept and told."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.maintenance.rebuild import rebuild
from skills_registry.models import Skill, SkillVersion
from skills_registry.store import package_store

from .conftest import live, lose_registry, publish
from .support.packages import package
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def three_versions(db: None) -> Skill:
    """v1 was live, v2 is live, v3 waits."""
    publish(body="one")
    publish(body="two")
    return services.create_version(package(body="three"))[0].skill


def version(number: int) -> SkillVersion:
    return SkillVersion.objects.get(number=number)


def skill() -> Skill:
    return Skill.objects.with_summary().get()


def test_yanked_version_cannot_be_published_and_says_why(operator: User) -> None:
    yanked = services.yank_version(version(3), actor=operator, reason="leaks a key")
    assert yanked.yanked_at is not None
    with pytest.raises(services.Conflict, match="greeter v3 was yanked and cannot be published: leaks a key"):
        services.publish(skill(), 3)
    with pytest.raises(services.Conflict, match="already yanked"):
        services.yank_version(version(3))

    services.unyank_version(version(3))
    assert (version(3).yanked_at, version(3).yank_reason) == (None, "")
    services.publish(skill(), 3)
    assert live() == "v3"
    with pytest.raises(services.Conflict, match="is not yanked"):
        services.unyank_version(version(2))


def test_live_version_can_be_yanked_only_once_it_is_not_live() -> None:
    with pytest.raises(services.Conflict, match=r"greeter v2 is live. Publish another version or deactivate"):
        services.yank_version(version(2))
    services.deactivate(skill())
    services.yank_version(version(2))
    assert (live(), version(2).yanked_at is not None) == (None, True)


def test_rollback_passes_over_yanked_versions() -> None:
    services.publish(skill(), 3)
    services.yank_version(version(2))
    assert services.rollback_target(skill()) == 1
    with pytest.raises(services.Conflict, match="was yanked"):
        services.rollback(skill(), 2)
    services.rollback(skill())
    assert live() == "v1"


def test_yanked_version_does_not_wait_to_be_published() -> None:
    assert (skill().latest_number, skill().waiting_number) == (3, 3)
    services.yank_version(version(3))
    assert (skill().latest_number, skill().waiting_number) == (3, None)


def test_same_bytes_again_do_not_get_around_it() -> None:
    services.yank_version(version(3), reason="leaks")
    again, created = services.create_version(package(body="three"))
    assert (again.number, created) == (3, False)


def test_version_that_is_gone_cannot_be_yanked() -> None:
    services.delete_version(version(3))
    with pytest.raises(services.Conflict, match="no longer exists"):
        services.yank_version(version(3))


def test_yank_and_publish_at_once_never_leave_a_yanked_version_live() -> None:
    def act(operation: str) -> bool:
        try:
            if operation == "yank":
                services.yank_version(version(3))
            else:
                services.publish(skill(), 3)
        except services.Conflict:
            return False
        return True

    assert sorted(at_once(act, ["yank", "publish"])) == [False, True]
    assert (live() == "v3") != (version(3).yanked_at is not None)


def test_registry_that_was_lost_knows_them_again() -> None:
    services.yank_version(version(3), reason="leaks a key")
    assert package_store.read_latest("greeter")["yanked"] == {"v3": "leaks a key"}
    lose_registry()

    rebuild("greeter")
    assert live() == "v2"
    with pytest.raises(services.Conflict, match="leaks a key"):
        services.publish(skill(), 3)
