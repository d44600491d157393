"""Publishing and deactivating several skills: the preview says what the rules will say, and there is a way back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape

from skills_registry import services
from skills_registry.models import AuditEvent, Skill, SkillVersion

from .conftest import live, publish
from .support.packages import package
from .support.pages import SKILLS, rows, text_of, told

pytestmark = pytest.mark.django_db
BULK = f"{SKILLS}bulk/"
LIST = f"{SKILLS}?q=e&o=-changed&page=1"


def olga() -> User:
    return User.objects.get(username="olga")


def waiting(name: str) -> SkillVersion:
    """The second version of a skill whose first one is live; another one than olga made it."""
    publish(name)
    maker = User.objects.get_or_create(username="mia")[0]
    return services.create_version(package(name, "Say more."), user=maker)[0]


def chosen(browser: Client, action: str, came_from: str = LIST) -> Any:
    keys = list(Skill.objects.order_by("name").values_list("pk", flat=True))
    asked: dict[str, Any] = {"action": action, "skill": keys}
    return browser.get(BULK, asked, headers={"referer": f"http://testserver{came_from}"})


def sent(browser: Client, page: Any, **fields: str) -> Any:
    """Send the form of a page as a browser would."""
    hidden = re.findall(r'<input type="hidden" name="(action|skill|next)" value="([^"]*)"', page.text)
    form: dict[str, Any] = {"skill": [value for name, value in hidden if name == "skill"], **fields}
    form |= {name: value.replace("&amp;", "&") for name, value in hidden if name != "skill"}
    return browser.post(BULK, form)


def test_preview_says_of_each_version_what_publishing_it_would_say(browser: Client, settings: Any) -> None:
    versions = {name: waiting(name) for name in ("approved", "asked", "fresh", "mine", "sent-back")}
    settings.REQUIRE_REVIEW = True
    services.approve(versions["approved"], actor=olga())
    services.request_review(versions["asked"], actor=versions["asked"].uploaded_by)  # type: ignore[arg-type]
    services.send_back(versions["sent-back"], actor=olga(), comment="Shorter")
    SkillVersion.objects.filter(pk=versions["mine"].pk).update(uploaded_by=olga(), review="approved")

    shown = {row[0]: row[1:] for row in rows(chosen(browser, "publish"))}

    assert shown.pop("approved") == ["", "v2 will replace v1"]
    for name, (state, text) in shown.items():
        with pytest.raises(services.Conflict) as refused:
            services.publish(versions[name].skill, 2, actor=olga())
        assert (state, text) == ("skipped", str(refused.value))


@pytest.mark.parametrize("wrong", ["deleted", "live", "yanked", "gone"])
def test_preview_of_exact_versions_says_what_publishing_them_would_say(browser: Client, wrong: str) -> None:
    version = waiting("greeter")
    skill, number = version.skill, 1 if wrong == "live" else 2
    if wrong == "deleted":
        services.delete_skill(skill, deactivate=True)
    elif wrong == "yanked":
        services.yank_version(version, reason="leaks a key")
    elif wrong == "gone":
        services.delete_version(version)
    page = browser.get(BULK, {"action": "again", "skill": f"{skill.pk}..{number}"})
    [row] = rows(page)
    if wrong == "gone":
        assert row[1:] == ["skipped", "the version no longer exists"]
    else:
        with pytest.raises(services.Conflict) as refused:
            services.publish(skill, number, actor=olga())
        assert row[1:] == ["skipped", str(refused.value)]
    assert "This action changes none of these skills." in text_of(page)


@pytest.mark.django_db(transaction=True)
def test_deactivating_several_can_be_taken_back_for_exactly_those(browser: Client) -> None:
    for name in ("one", "two"):
        waiting(name)
    services.create_version(package("three"))
    done = sent(browser, chosen(browser, "deactivate"), reason="outage")
    assert {row[0]: row[1] for row in rows(done)} == {"one": "done", "two": "done"}
    assert set(AuditEvent.objects.filter(action="deactivate").values_list("reason", flat=True)) == {"outage"}

    [undo] = re.findall(r'href="(\?action=again[^"]*)"', done.text)
    again = browser.get(BULK + undo.replace("&amp;", "&"))
    assert {row[0]: row[2] for row in rows(again)} == {"one": "v1 will go live", "two": "v1 will go live"}
    back = sent(browser, again, reason="over")
    assert {row[0]: row[2] for row in rows(back)} == {"one": "v1 is live", "two": "v1 is live"}
    assert (live("one"), live("two"), live("three")) == ("v1", "v1", None)
    assert f'href="{escape(LIST)}"' in back.text, "the way back is still the list as it was"


@pytest.mark.parametrize(("action", "asks"), [("publish", True), ("deactivate", True), ("export", False)])
def test_changes_of_several_skills_ask_for_a_reason(browser: Client, action: str, asks: bool) -> None:
    waiting("one")
    assert ('name="reason"' in chosen(browser, action).text) is asks


def test_nothing_can_be_taken_back_where_nothing_was_done(browser: Client) -> None:
    waiting("one")
    page = chosen(browser, "deactivate")
    services.deactivate(Skill.objects.get(name="one"))
    assert "action=again" not in sent(browser, page).text


PAGES = {
    "publish": "{pk}/publish/2/", "deactivate": "{pk}/deactivate/", "delete a version": "{pk}/delete/2/",
    "delete": "{pk}/delete/", "yank": "{pk}/versions/2/yank/", "tags": "{pk}/tags/", "owner": "{pk}/owner/",
    "bulk": "bulk/?action=deactivate&skill={pk}",
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize(
    ("referrer", "leads_back"),
    [
        (f"http://testserver{LIST}", True),
        (f"http://elsewhere.example{LIST}", False),
        ("http://testserver/healthz", False),
        ("http://testserver/admin/login/?next=/admin/", False),
        ("http://testserver//elsewhere.example/admin/", False),
        ("", False),
    ],
)
def test_cancel_leads_to_where_one_came_from(browser: Client, path: str, referrer: str, leads_back: bool) -> None:
    skill = waiting("greeter").skill
    page = browser.get(SKILLS + path.format(pk=skill.pk), headers={"referer": referrer})
    [cancel] = re.findall(r'<a class="sk-button" href="([^"]*)">Cancel</a>', page.text)
    assert (cancel == escape(LIST)) is leads_back
    assert urlsplit(cancel).netloc == ""
    assert cancel.startswith(SKILLS)


@pytest.mark.parametrize(
    "given", ["//elsewhere.example/", "https://elsewhere.example/admin/", "javascript:x()", "/mcp?x"]
)
def test_cancel_leads_to_paths_of_the_admin_only(browser: Client, given: str) -> None:
    skill = waiting("greeter").skill
    for page in (
        browser.get(f"{SKILLS}{skill.pk}/deactivate/", {"next": given}),
        browser.post(f"{SKILLS}{skill.pk}/deactivate/", {"next": given, "expected_live": "wrong"}),
    ):
        assert given not in page.text


def test_place_is_kept_while_a_form_is_mended(browser: Client) -> None:
    skill = waiting("greeter").skill
    form = {"next": LIST, "expected_live": "1", "reason": "r" * 10_001}
    page = browser.post(f"{SKILLS}{skill.pk}/publish/2/", form)
    assert f'href="{escape(LIST)}">Cancel' in page.text
    assert parse_qs(urlsplit(LIST).query)["o"] == ["-changed"]


def test_publishing_again_is_for_those_who_may_publish(client: Client) -> None:
    skill = waiting("greeter").skill
    client.force_login(User.objects.create_superuser("root"))
    assert told(client.get(f"{SKILLS}{skill.pk}/change/")) == []
    viewer = User.objects.create_user("vera", is_staff=True)
    client.force_login(viewer)
    assert client.get(BULK, {"action": "again", "skill": f"{skill.pk}..1"}).status_code == 403
