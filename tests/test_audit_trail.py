"""Every operation leaves one event: who, what, when, why, before and after; none is left by what was refused."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.audit import Action, record
from skills_registry.models import AuditEvent, Publication, Skill, SkillVersion
from skills_registry.store import package_store

from .conftest import publish
from .support.packages import package

pytestmark = pytest.mark.django_db(transaction=True)


def events(*fields: str) -> list[tuple[Any, ...]]:
    return list(AuditEvent.objects.filter(skill__isnull=False).order_by("id").values_list(*fields))


def version(number: int) -> SkillVersion:
    return SkillVersion.objects.get(skill__name="greeter", number=number)


def test_a_skills_life_is_told_step_by_step(operator: User, author: User) -> None:
    first, _ = services.create_version(package(), user=author, note="new")
    skill = first.skill
    services.publish(skill, 1, actor=operator, reason="ready")
    second, _ = services.create_version(package(body="two"), user=author)
    services.request_review(second, actor=author, comment="please")
    services.send_back(second, actor=operator, comment="too short")
    services.request_review(second, actor=author)
    services.approve(second, actor=operator, comment="fine")
    services.publish(skill, 2, actor=operator)
    services.rollback(Skill.objects.get(), actor=operator, reason="broken")
    services.yank_version(version(2), actor=operator, reason="leaks")
    services.unyank_version(version(2), actor=operator)
    services.yank_version(version(2), actor=operator)
    services.delete_version(version(2), actor=operator, reason="for good")
    services.set_tags(skill, ["fun"], actor=operator)
    services.set_owner(skill, operator, actor=operator)
    services.delete_skill(skill, actor=operator, reason="old", deactivate=True)
    services.restore_skill(skill, actor=operator)

    assert events("action", "version_number", "actor__username", "reason") == [
        ("create_version", 1, "arno", "new"),
        ("publish", 1, "olga", "ready"),
        ("create_version", 2, "arno", ""),
        ("request_review", 2, "arno", "please"),
        ("send_back", 2, "olga", "too short"),
        ("request_review", 2, "arno", ""),
        ("approve", 2, "olga", "fine"),
        ("publish", 2, "olga", ""),
        ("rollback", 1, "olga", "broken"),
        ("yank_version", 2, "olga", "leaks"),
        ("unyank_version", 2, "olga", ""),
        ("yank_version", 2, "olga", ""),
        ("delete_version", 2, "olga", "for good"),
        ("set_tags", None, "olga", ""),
        ("set_owner", None, "olga", ""),
        ("deactivate", None, "olga", "old"),
        ("delete_skill", None, "olga", "old"),
        ("restore_skill", None, "olga", ""),
    ]
    told = dict(enumerate(events("before", "after")))
    assert told[0] == (None, {"version": 1, "digest": first.digest, "files": 1, "size": first.size})
    assert told[1] == ({"live": None}, {"live": 1})
    assert told[5] == ({"review": "sent_back"}, {"review": "requested"})
    assert told[8] == ({"live": 2}, {"live": 1})
    assert told[9] == ({"yanked": False, "reason": ""}, {"yanked": True, "reason": "leaks"})
    assert told[12][1] is None
    assert told[13] == ({"tags": []}, {"tags": ["fun"]})
    assert told[14] == ({"owner": "arno"}, {"owner": "olga"})
    assert told[16] == ({"deleted": False, "live": 1}, {"deleted": True, "live": None})
    assert set(events("skill__name")) == {("greeter",)}


def test_what_changes_nothing_or_is_refused_leaves_no_event(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    skill = publish(metadata="{tags: fun}").skill
    before = AuditEvent.objects.count()

    services.set_tags(skill, ["FUN"], actor=operator)
    services.set_owner(skill, None, actor=operator)
    services.create_version(package(metadata="{tags: fun}"), user=operator)
    for refused in (
        lambda: services.publish(skill, 1),
        lambda: services.yank_version(version(1)),
        lambda: services.delete_skill(skill),
        lambda: services.restore_skill(skill),
        lambda: services.approve(version(1), actor=operator),
    ):
        with pytest.raises(services.Conflict):
            refused()

    def fail(*args: Any) -> None:
        raise OSError("full")

    monkeypatch.setattr(package_store, "write_version", fail)
    with pytest.raises(services.StoreFailed):
        services.create_version(package(body="two"), user=operator)
    assert AuditEvent.objects.count() == before


def test_event_and_change_come_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    skill = publish().skill

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(AuditEvent, "save", fail)
    with pytest.raises(RuntimeError):
        services.set_tags(skill, ["fun"])
    with pytest.raises(RuntimeError):
        services.deactivate(skill)
    skill.refresh_from_db()
    assert (skill.tags, skill.live_version is not None, Publication.objects.count()) == ([], True, 1)


def test_event_cannot_be_changed() -> None:
    publish()
    event = AuditEvent.objects.first()
    assert event is not None
    event.reason = "another"
    with pytest.raises(TypeError, match="cannot be changed"):
        event.save()


def test_what_is_no_skill_has_a_name(operator: User) -> None:
    event = record(Action.MAKE_TOKEN, "CI of team A", actor=operator, after={"prefix": "sk_1234"})
    assert (str(event), event.skill) == ("CI of team A: token made", None)
    publish()
    newest = AuditEvent.objects.with_names().before(None).first()
    assert str(newest) == "greeter v1: published"


def test_pages_of_any_length_are_one_query(operator: User, django_assert_num_queries: Any) -> None:
    for number in range(20):
        services.create_version(package(f"skill-{number}"), user=operator)
    for skill in Skill.objects.all():
        services.set_tags(skill, ["fun"], actor=operator)

    with django_assert_num_queries(1):
        page = [(event.about, event.actor) for event in AuditEvent.objects.with_names().before(None)[:30]]
    assert page[0] == ("skill-9", operator)
    seen: list[int] = []
    cursor = None
    while ids := [event.pk for event in AuditEvent.objects.before(cursor)[:7]]:
        seen += ids
        cursor = ids[-1]
    assert seen == sorted(AuditEvent.objects.values_list("id", flat=True), reverse=True)


def test_what_was_done_before_there_was_a_trail_is_filled_in(operator: User) -> None:
    version, _ = services.create_version(package(), user=operator, note="new")
    services.publish(version.skill, 1, actor=operator, reason="ready")
    services.deactivate(version.skill, actor=operator)
    fields = ("action", "skill", "version_number", "actor", "reason", "before", "after")
    expected = events(*fields)
    AuditEvent.objects.all().delete()

    import_module("skills_registry.migrations.0006_fill_audit_trail").fill(apps, None)
    assert events(*fields)[:2] == expected[:2]
    assert events("action", "created_at")[2] == ("deactivate", Publication.objects.latest("generation").created_at)
