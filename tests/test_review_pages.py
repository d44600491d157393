"""Reviews in the admin: asked for, given and seen on pages, with and without REQUIRE_REVIEW; attacked by address."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.models import SkillVersion

from .conftest import live, permissions, publish
from .support.packages import package
from .support.pages import SKILLS, text_of, told

pytestmark = pytest.mark.django_db

REVIEWS = f"{SKILLS}reviews/"


@pytest.fixture
def draft(author: User) -> SkillVersion:
    """The author's first version, not live."""
    return services.create_version(package(), user=author)[0]


@pytest.fixture
def reviewer(db: None) -> User:
    """Somebody who may look and publish, and nothing else."""
    user = User.objects.create_user("rita", password="ritas-password", is_staff=True)
    user.user_permissions.set(permissions("view_skill", "publish_skill"))
    return user


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))  # with the permissions that it has by now
    return client


def address(version: SkillVersion, page: str = "review/") -> str:
    return f"{SKILLS}{version.skill_id}/versions/{version.number}/{page}"


def say(user: User, version: SkillVersion, button: str, comment: str = "") -> Any:
    return as_user(user).post(address(version), {button: "", "comment": comment}, follow=True)


def buttons(user: User, version: SkillVersion) -> set[str]:
    """The buttons of the review's form."""
    page = as_user(user).get(address(version)).text
    return {name for name in ("ask", "approve", "send_back") if f'name="{name}"' in page}


@pytest.mark.parametrize("required", [True, False])
def test_review_goes_back_and_forth_on_pages(
    settings: Any, author: User, reviewer: User, draft: SkillVersion, required: bool
) -> None:
    settings.REQUIRE_REVIEW = required

    assert told(say(author, draft, "ask", "please look")) == ["Requested review of greeter v1."]
    assert told(say(reviewer, draft, "send_back", "say hello twice")) == ["Sent greeter v1 back."]
    assert told(say(author, draft, "ask", "I think once is enough")) == ["Requested review of greeter v1."]
    assert told(say(reviewer, draft, "approve", "right")) == ["Approved greeter v1. It is not live yet."]

    for page in ("", "review/"):
        text = text_of(as_user(author).get(address(draft, page)))
        for word in ("please look", "say hello twice", "I think once is enough", "right", "approved", "rita"):
            assert word in text
    as_user(reviewer).post(f"{SKILLS}{draft.skill_id}/publish/1/", {"expected_live": ""})
    assert live() == "v1"


def test_each_sees_the_buttons_that_are_for_them(author: User, reviewer: User, draft: SkillVersion) -> None:
    assert (buttons(author, draft), buttons(reviewer, draft)) == ({"ask"}, {"approve", "send_back"})
    services.request_review(draft, actor=author)
    assert (buttons(author, draft), buttons(reviewer, draft)) == (set(), {"approve", "send_back"})
    services.approve(draft, actor=reviewer)
    assert (buttons(author, draft), buttons(reviewer, draft)) == (set(), {"send_back"})
    services.send_back(draft, actor=reviewer, comment="no")
    assert (buttons(author, draft), buttons(reviewer, draft)) == ({"ask"}, set())
    services.publish(draft.skill, 1)
    assert (buttons(author, draft), buttons(reviewer, draft)) == (set(), set())


@pytest.mark.parametrize("button", ["approve", "send_back"])
def test_author_cannot_give_a_review_by_address(author: User, draft: SkillVersion, button: str) -> None:
    assert say(author, draft, button, "fine").status_code == 403
    draft.refresh_from_db()
    assert draft.review == ""


def test_author_who_may_publish_can_neither_approve_nor_publish_their_own(
    settings: Any, author: User, reviewer: User, draft: SkillVersion
) -> None:
    settings.REQUIRE_REVIEW = True
    author.user_permissions.add(*permissions("publish_skill"))
    own = as_user(author)

    assert "someone else must approve it" in text_of(own.get(address(draft)))
    refused = say(author, draft, "approve", "fine by me")
    assert refused.status_code == 409
    assert "You created greeter v1, so someone else must approve it." in text_of(refused)
    assert "fine by me" in refused.text, "what was typed stays"

    services.approve(draft, actor=reviewer)
    page = own.get(address(draft, ""))
    assert "You created greeter v1, so someone else must publish it." in text_of(page)
    assert f"{SKILLS}{draft.skill_id}/publish/1/" not in page.text
    confirm = own.get(f"{SKILLS}{draft.skill_id}/publish/1/")
    assert "someone else must publish it" in text_of(confirm)
    assert "expected_live" not in confirm.text
    own.post(f"{SKILLS}{draft.skill_id}/publish/1/", {"expected_live": ""})
    assert live() is None


def test_version_that_was_not_reviewed_cannot_be_published_by_anybody(
    settings: Any, reviewer: User, operator: User, draft: SkillVersion
) -> None:
    settings.REQUIRE_REVIEW = True
    for user in (reviewer, operator):
        browser = as_user(user)
        assert f"{SKILLS}{draft.skill_id}/publish/1/" not in browser.get(address(draft, "")).text
        assert f"{SKILLS}{draft.skill_id}/publish/1/" not in browser.get(f"{SKILLS}{draft.skill_id}/versions/").text
        answer = browser.post(f"{SKILLS}{draft.skill_id}/publish/1/", {"expected_live": ""}, follow=True)
        assert "Someone other than its uploader must approve it before it can be published." in told(answer)[0]
    assert live() is None


def test_sending_back_needs_a_comment(reviewer: User, draft: SkillVersion) -> None:
    answer = say(reviewer, draft, "send_back", "  ")
    assert answer.status_code == 409
    assert "Say what needs to be improved." in text_of(answer)


def test_viewer_sees_reviews_and_can_say_nothing(author: User, draft: SkillVersion) -> None:
    viewer = User.objects.create_user("vera", password="veras-password", is_staff=True)
    viewer.user_permissions.set(permissions("view_skill"))
    services.request_review(draft, actor=author, comment="please look")
    assert "please look" in text_of(as_user(viewer).get(address(draft)))
    assert buttons(viewer, draft) == set()
    for button in ("ask", "approve", "send_back"):
        assert say(viewer, draft, button, "x").status_code == 403


def test_who_may_not_see_skills_sees_no_reviews(draft: SkillVersion) -> None:
    nobody = User.objects.create_user("nina", password="ninas-password", is_staff=True)
    assert as_user(nobody).get(REVIEWS).status_code == 403
    assert as_user(nobody).get(address(draft)).status_code == 403


def test_list_says_what_waits_what_is_mine_and_what_is_approved(author: User, reviewer: User) -> None:
    waiting, back, good = (services.create_version(package(name), user=author)[0] for name in ("one", "two", "three"))
    for version in (waiting, back, good):
        services.request_review(version, actor=author, comment=f"look at {version}")
    services.send_back(back, actor=reviewer, comment="not yet")
    services.approve(good, actor=reviewer)

    def listed(user: User) -> dict[str, list[str]]:
        context = as_user(user).get(REVIEWS).context
        return {part: [str(version) for version in context[part]] for part in ("waiting", "mine", "approved")}

    assert listed(author) == {"waiting": ["one v1"], "mine": ["two v1"], "approved": ["three v1"]}
    assert listed(reviewer) == {"waiting": ["one v1"], "mine": [], "approved": ["three v1"]}
    text = text_of(as_user(author).get(REVIEWS))
    assert "look at one v1" in text
    assert "not yet" in text
    services.publish(good.skill, 1)
    assert listed(author)["approved"] == []


def test_empty_list_says_so_and_which_rule_holds(reviewer: User, settings: Any) -> None:
    text = text_of(as_user(reviewer).get(REVIEWS))
    assert "No versions are waiting for review." in text
    assert "Reviews are optional" in text
    settings.REQUIRE_REVIEW = True
    assert "Someone other than its uploader must approve a version" in text_of(as_user(reviewer).get(REVIEWS))


def test_navigation_and_first_page_lead_to_reviews(author: User, reviewer: User, draft: SkillVersion) -> None:
    services.request_review(draft, actor=author)
    home = as_user(reviewer).get("/admin/").text
    assert f'href="{REVIEWS}"' in home
    assert f'href="{address(draft)}"' in home
    services.send_back(draft, actor=reviewer, comment="no")
    theirs = as_user(author).get("/admin/")
    assert "greeter v1 was sent back to you" in text_of(theirs)
    assert f'href="{address(draft)}"' in theirs.text


def test_review_shows_the_difference_to_what_is_live_and_what_is_wrong(author: User, reviewer: User) -> None:
    publish(body="Say hello.")
    version, _ = services.create_version(package(body="Run !`date`."), user=author)
    page = as_user(reviewer).get(address(version))
    text = text_of(page)
    assert "Changes compared with v1 (live)" in text
    assert "Say hello." in text
    assert "Run !`date`." in text
    assert "Findings" in text
    assert "compare/?from=1&amp;to=2&amp;file=SKILL.md&amp;open=all" in page.text


def test_review_of_a_new_skill_shows_all_of_it(reviewer: User, draft: SkillVersion) -> None:
    text = text_of(as_user(reviewer).get(address(draft)))
    assert "Say hello." in text
    assert "Frontmatter" in text


def test_yanked_and_deleted_are_not_reviewed(author: User, reviewer: User, draft: SkillVersion) -> None:
    services.yank_version(draft, reason="broken")
    assert (buttons(author, draft), buttons(reviewer, draft)) == (set(), set())
    assert "Yanked, so it cannot be published: broken" in text_of(as_user(reviewer).get(address(draft, "")))
    assert say(reviewer, draft, "approve").status_code == 409


def test_comments_are_text(author: User, draft: SkillVersion) -> None:
    services.request_review(draft, actor=author, comment="<b>x</b>\u202e")
    for page in (REVIEWS, address(draft), address(draft, "")):
        shown = as_user(author).get(page).text
        assert "<b>x" not in shown
        assert "\u202e" not in shown


def test_list_of_reviews_reads_its_rows_at_once(
    author: User, reviewer: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        version, _ = services.create_version(package(f"skill-{number}"), user=author)
        services.request_review(version, actor=author)
    browser = as_user(reviewer)
    # session, user, two of permissions; three lists, two of them empty, and what was said of the first
    with django_assert_max_num_queries(9):
        browser.get(REVIEWS)
