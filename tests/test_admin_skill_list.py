"""The list of skills: what a row tells, what finds it, how often is asked for it; several skills at once."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invocations.events import InvocationEvent
from invocations.models import DayCount, Invocation, SkillCounter
from invocations.stores import get_store
from skills_registry import services
from skills_registry.models import Skill

from .conftest import live, permissions, publish
from .support.packages import package
from .support.pages import SKILLS, rows, text_of

pytestmark = pytest.mark.django_db


def called(name: str, *statuses: Literal["success", "error"], days_ago: int = 0) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    get_store().write_batch([InvocationEvent(name, "tools/call", status, at, 1.0) for status in statuses])


def listed(browser: Client, **query: str) -> list[list[str]]:
    """The texts of the list's cells, row by row, without the box."""
    return [row[1:] for row in rows(browser.get(SKILLS, query))]


def names(browser: Client, **query: str) -> list[str]:
    answer = browser.get(SKILLS, query)
    return [row.skill.name for row in answer.context["rows"]]


def test_list_tells_status_versions_calls_owner_and_tags(
    browser: Client, operator: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        skill = publish(body="one").skill
        services.set_owner(skill, operator)
        services.set_tags(skill, ["office"])
        services.create_version(package(body="two"))
        services.create_version(package("waiting", description="Waits."))
    called("greeter", "success", "success", "error")
    get_store().write_batch(
        [InvocationEvent("waiting", "tools/call", "success", datetime(2026, 3, 1, 9, 30, tzinfo=UTC), 1.0)]
    )

    first, second = listed(browser)
    about = "greeter" + "Greets people. Use when somebody arrives." + "office"
    assert [first[0], first[1], first[2]] == [about, "active", "v1 live, v2 waiting"]
    assert [first[3], first[4], first[6]] == ["3", "33.3%", "olga"]
    assert second == ["waitingWaits.", "draft", "v1 waiting", "0", "-", "2026-03-01 09:30:00", "-"]


def test_empty_list_leads_to_the_first_upload(browser: Client) -> None:
    page = browser.get(SKILLS).text
    assert "There are no skills yet." in page
    assert f'href="{SKILLS}upload/"' in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["fresh", "retired", "served"]),
        ({"status": "active"}, ["served"]),
        ({"status": "inactive"}, ["retired"]),
        ({"status": "draft"}, ["fresh"]),
        ({"status": "deleted"}, ["gone"]),
        ({"status": "nonsense"}, []),
        ({"q": "re"}, ["fresh", "retired"]),
        ({"q": "re", "status": "draft"}, ["fresh"]),
        ({"q": "gone", "status": "deleted"}, ["gone"]),
        ({"q": "nothing-like-this"}, []),
        ({"q": "问候"}, ["served"]),
        ({"q": "mornings RETIRED"}, ["retired"]),
        ({"q": "büro"}, ["fresh"]),
        ({"q": "Tabulator"}, ["fresh"]),
        ({"tag": "büro"}, ["fresh"]),
        ({"tag": "BU\u0308ro"}, ["fresh"]),
        ({"tag": "bür"}, []),
        ({"owner": "olga"}, ["served"]),
        ({"owner": "nobody"}, []),
        ({"unused": "1"}, ["served"]),
        ({"findings": "1"}, ["served"]),
        ({"pending": "1"}, ["fresh", "retired", "served"]),
        ({"o": "-name"}, ["served", "retired", "fresh"]),
        ({"o": "-calls"}, ["retired", "fresh", "served"]),
        ({"o": "-errors"}, ["fresh", "retired", "served"]),
        ({"page": "77"}, ["fresh", "retired", "served"]),
    ],
)
def test_list_is_filtered_searched_and_sorted(
    browser: Client, operator: User, query: dict[str, str], expected: list[str]
) -> None:
    services.set_owner(publish("served", "Run !`date`.", description="用于问候。").skill, operator)
    services.deactivate(publish("retired", description="For mornings.").skill)
    services.create_version(package("fresh", title="Tabulator"))
    services.set_tags(Skill.objects.get(name="fresh"), ["büro"])
    services.delete_skill(services.create_version(package("gone"))[0].skill)
    called("retired", "success", "success", "success")
    called("fresh", "error")
    called("served", "error", days_ago=40)

    assert names(browser, **query) == expected


def test_description_is_that_of_the_live_version_and_search_knows_the_newest_too(browser: Client) -> None:
    publish(description="Old words.")
    services.create_version(package(description="Young words."))

    assert "Old words." in listed(browser, q="young")[0][0]


def test_change_is_shown_as_pending_until_it_has_reached_the_store(
    browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as announcements:
        skill = publish().skill
    assert listed(browser)[0][1] == "active pending"
    assert "is not in effect: gateways still serve" in browser.get(f"{SKILLS}{skill.pk}/change/").text

    for announce in announcements:
        announce()
    assert listed(browser)[0][1] == "active"
    assert "not in effect" not in browser.get(f"{SKILLS}{skill.pk}/change/").text


def fill(skills: int, calls: int) -> None:
    """So many live skills of one version, and calls of them on thirty days."""
    first = publish("skill-0")
    made = Skill.objects.bulk_create(
        [Skill(name=f"skill-{number}", last_number=1, tags=[f"tag-{number % 20}"]) for number in range(1, skills)]
    )
    model = type(first)
    fields = {name: getattr(first, name) for name in ("state", "digest", "size", "file_count", "files", "frontmatter")}
    versions = model.objects.bulk_create([model(skill=skill, number=1, **fields) for skill in made])
    for skill, version in zip(made, versions, strict=True):
        skill.live_version = version
    Skill.objects.bulk_update(made, ["live_version"], batch_size=400)
    now = timezone.now()
    log = (
        Invocation(
            skill=f"skill-{number % skills}",
            method="tools/call",
            status="success",
            duration_ms=1.0,
            invoked_at=now - timedelta(seconds=25 * number),
        )
        for number in range(calls)
    )
    Invocation.objects.bulk_create(log, batch_size=5_000)
    SkillCounter.objects.bulk_create(
        [SkillCounter(skill=f"skill-{number}", invocation_count=calls // skills) for number in range(skills)]
    )
    DayCount.objects.bulk_create(
        [
            DayCount(skill=f"skill-{number}", day=(now - timedelta(days=day)).date(), calls=3)
            for number in range(skills)
            for day in range(10)
        ]
    )


# Expect: session, user; tags and owners to choose from; what is wanted; its skills; calls by day, and ever.
@pytest.mark.parametrize(("skills", "calls"), [(10, 1_000), (1_000, 100_000)])
def test_list_asks_as_often_for_many_skills_as_for_few(
    browser: Client, skills: int, calls: int, django_assert_num_queries: Any
) -> None:
    fill(skills, calls)
    with django_assert_num_queries(8):
        page = browser.get(SKILLS)
    assert len(rows(page)) == min(skills, 25)
    with django_assert_num_queries(9):  # and what was called at all
        page = browser.get(SKILLS, {"o": "-calls", "q": "skill", "page": "2"})
    assert "skill-0" in page.text if skills == 10 else f"26 to 50 of {skills}" in text_of(page)


# Several skills at once


@pytest.fixture
def three(db: None) -> dict[str, Skill]:
    """One with a version that waits, one that is live and has none, one that never was."""
    publish("one")
    services.create_version(package("one", "more"))
    publish("two")
    services.create_version(package("three"))
    return {skill.name: skill for skill in Skill.objects.all()}


def chosen(three: dict[str, Skill], action: str) -> dict[str, Any]:
    return {"action": action, "skill": [skill.pk for skill in three.values()]}


def confirmed(browser: Client, page: Any, **changed: str) -> Any:
    shown = [line.item.token for line in page.context["lines"] if line.good]
    return browser.post(f"{SKILLS}bulk/", {"action": page.context["action"], "skill": shown, "reason": "", **changed})


@pytest.mark.parametrize(
    ("action", "planned", "expected"),
    [
        (
            "publish",
            [("one", "v2 will replace v1"), ("three", "v1 will go live"), ("two", "no version to publish")],
            [("one", "done", "v2 is live"), ("three", "done", "v1 is live")],
        ),
        (
            "deactivate",
            [
                ("one", "agents will no longer get it (v1 is live)"),
                ("three", "is not live"),
                ("two", "agents will no longer get it (v1 is live)"),
            ],
            [("one", "done", "no longer live"), ("two", "done", "no longer live")],
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_several_skills_are_changed_after_a_page_that_says_how(
    browser: Client,
    three: dict[str, Skill],
    action: str,
    planned: list[tuple[str, str]],
    expected: list[tuple[str, str, str]],
) -> None:
    page = browser.get(f"{SKILLS}bulk/", chosen(three, action))
    assert [(row[0], row[2]) for row in rows(page)] == planned
    assert (live("one"), live("two"), live("three")) == ("v1", "v1", None)

    answer = confirmed(browser, page, reason="spring")
    assert [tuple(row) for row in rows(answer)] == expected
    after = {"publish": ("v2", "v1", "v1"), "deactivate": (None, None, None)}
    assert (live("one"), live("two"), live("three")) == after[action]
    assert set(Skill.objects.get(name="one").audit_events.values_list("reason", flat=True)[:1]) == {"spring"}


@pytest.mark.django_db(transaction=True)
def test_skill_that_changed_meanwhile_is_not_done_and_the_others_are(browser: Client, three: dict[str, Skill]) -> None:
    page = browser.get(f"{SKILLS}bulk/", chosen(three, "publish"))
    services.deactivate(three["one"])

    answer = rows(confirmed(browser, page))
    assert answer[0][1] == "failed"
    assert "This skill changed" in answer[0][2]
    assert answer[1] == ["three", "done", "v1 is live"]
    assert (live("one"), live("three")) == (None, "v1")


def test_several_skills_are_exported_as_one_zip(browser: Client, three: dict[str, Skill]) -> None:
    page = browser.get(f"{SKILLS}bulk/", chosen(three, "export"))
    answer = confirmed(browser, page)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["one/SKILL.md", "three/SKILL.md", "two/SKILL.md"]


def test_export_that_is_too_large_says_so(
    browser: Client, three: dict[str, Skill], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skills_registry.admin.bulk.EXPORT_MAX", 100)
    page = browser.get(f"{SKILLS}bulk/", chosen(three, "export"))
    answer = confirmed(browser, page)
    assert answer.status_code == 302
    assert "Select fewer" in text_of(browser.get(answer.headers["location"]))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"action": "publish"}, "No skill was selected."),
        ({"action": "publish", "skill": ["x", "999", "1" * 40, "1.1", "²"]}, "No skill was selected."),
        ({"action": "deactivate", "skill": "{three}"}, "This action changes none of these skills."),
    ],
)
def test_nothing_to_do_is_said(browser: Client, three: dict[str, Skill], query: dict[str, Any], said: str) -> None:
    if query.get("skill") == "{three}":
        query = {**query, "skill": three["three"].pk}
    assert said in text_of(browser.get(f"{SKILLS}bulk/", query))


def test_unknown_operation_is_404(browser: Client) -> None:
    assert browser.get(f"{SKILLS}bulk/", {"action": "destroy"}).status_code == 404


@pytest.mark.parametrize(
    ("held", "allowed"),
    [([], []), (["view_skill"], ["export"]), (["view_skill", "publish_skill"], ["publish", "deactivate", "export"])],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_each_operation_is_offered_to_and_done_for_those_who_may(
    client: Client, three: dict[str, Skill], method: str, held: list[str], allowed: list[str]
) -> None:
    user = User.objects.create_user("vera", password="veras-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)
    token = f"{three['one'].pk}.1.2"
    for action in ("publish", "deactivate", "export"):
        offered = f'name="action" value="{action}"' in client.get(SKILLS).text
        answer = getattr(client, method)(f"{SKILLS}bulk/", {"action": action, "skill": token, "reason": ""})
        assert (answer.status_code, offered) == ((200, True) if action in allowed else (403, False))
    if "publish" not in allowed or method == "get":
        assert live("one") == "v1"
