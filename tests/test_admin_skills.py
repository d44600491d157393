"""The list of skills in the admin, the page of a skill and of a version, and who may see and do what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invocations.events import InvocationEvent
from invocations.stores import get_store
from skills_registry import services
from skills_registry.admin import skill_page
from skills_registry.models import Publication, Skill, SkillVersion, Upload

from .conftest import live, permissions, publish
from .support.packages import package, skill_md, zip_of
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db


# Beside what is asked for the page: session, user, and the skill with live version, status and newest number.
@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("change/", (["calls"], "text")),
        ("versions/", (["versions with who uploaded them", "which cannot be deleted"], "Roll back to v{older}")),
        ("versions/1/", (["version with who uploaded it"], "Changes compared with v{size}")),
        ("history/", (["events with who did it", "which of their versions are stored"], "reason {older}")),
    ],
)
def test_pages_of_a_skill_ask_as_often_for_much_as_for_little(
    browser: Client,
    size: int,
    path: str,
    expected: tuple[list[str], str],
    django_assert_num_queries: Any,
) -> None:
    for number in range(1, size + 1):
        files = {f"references/{other}.md": "text" for other in range(number)}
        version, _ = services.create_version(package(body=f"text {number}", files=files))
        services.publish(version.skill, version.number, reason=f"reason {number}")
    with django_assert_num_queries(3 + len(expected[0])):
        page = browser.get(f"{SKILLS}{version.skill.pk}/{path}")
    assert expected[1].format(size=size, older=size - 1) in text_of(page)


def test_pages_of_a_skill_tell_what_is_live_its_versions_and_its_history(browser: Client, operator: User) -> None:
    publish(body="one")
    services.create_version(package(body="two"), user=operator, note="second try")
    skill = Skill.objects.get()
    services.publish(skill, 2, actor=operator, reason="because it is better")
    services.create_version(package(body="three"))

    overview = browser.get(f"{SKILLS}{skill.pk}/change/").text
    assert "<strong>v2</strong> has been live since" in overview
    assert "Greets people. Use when somebody arrives." in overview
    assert "two" in overview
    assert f'href="{SKILLS}{skill.pk}/deactivate/"' in overview
    versions = text_of(browser.get(f"{SKILLS}{skill.pk}/versions/"))
    assert "second try" in versions
    assert [link in versions for link in ("Roll back to v1", "Publish v2", "Publish v3")] == [True, False, True]
    assert "because it is better" in text_of(browser.get(f"{SKILLS}{skill.pk}/history/"))


def test_overview_shows_a_skill_as_agents_see_it(browser: Client) -> None:
    skill = publish(body="x" * 4000, argument_hint="'[what]'", user_invocable="false").skill
    page = text_of(browser.get(f"{SKILLS}{skill.pk}/change/"))
    assert "Offered as tool" in page
    assert "Argument hint [what]" in page
    assert re.search(r"Listed about 1\d tokens, always Called about 1,00\d tokens each time", page)


def test_pages_of_a_draft_and_of_a_retired_skill_say_that_agents_do_not_get_it(browser: Client) -> None:
    draft, _ = services.create_version(package("fresh"))
    assert "Agents do not get this skill" in browser.get(f"{SKILLS}{draft.skill.pk}/change/").text

    retired = publish("retired").skill
    services.deactivate(retired)
    assert "Agents do not get this skill" in browser.get(f"{SKILLS}{retired.pk}/change/").text
    page = browser.get(f"{SKILLS}{retired.pk}/versions/").text
    assert "Publish v1" in page
    assert f'href="{SKILLS}{retired.pk}/deactivate/"' not in page


def test_version_page_shows_files_frontmatter_text_and_remarks(browser: Client) -> None:
    version = publish(
        body="# Greeting\n\nSay *hello*. Run !`date`.",
        files={"scripts/run.py": "print()", "assets/deep/x.txt": "x"},
        colour="blue",
    )

    page = browser.get(f"{SKILLS}{version.skill.pk}/versions/1/").text
    assert version.digest in page
    assert "<h1>Greeting</h1>" in page
    assert "<em>hello</em>" in page
    for text in ("SKILL.md", "scripts/", "run.py", "assets/", "deep/", "x.txt", "colour", "blue", "field-unknown"):
        assert text in page
    assert "Findings" in page


def test_version_page_compares_with_what_is_live(browser: Client) -> None:
    skill = publish(files={"a.txt": "1", "b.txt": "b"}).skill
    publish(files={"a.txt": "2", "c.txt": "c"})

    older = browser.get(f"{SKILLS}{skill.pk}/versions/1/").text
    assert "Changes compared with v2 (live)" in older
    changes = re.findall(r"<bdi>([^<]+)</bdi>\s*</td>\s*<td>\s*<span[^>]*>(\w+)<", older)
    assert changes == [("a.txt", "changed"), ("b.txt", "added"), ("c.txt", "removed")]
    assert "Changes compared with" not in browser.get(f"{SKILLS}{skill.pk}/versions/2/").text


def test_newest_version_is_compared_with_the_live_one_at_first(browser: Client) -> None:
    skill = publish().skill
    for number in range(2, 5):
        services.create_version(package(body=f"Say {number}."))
    checked = r'name="{}" value="(\d)"[^>]* checked'
    page = browser.get(f"{SKILLS}{skill.pk}/versions/").text
    assert [re.findall(checked.format(side), page) for side in ("from", "to")] == [["1"], ["4"]]
    services.publish(skill, 4)
    page = browser.get(f"{SKILLS}{skill.pk}/versions/").text
    assert [re.findall(checked.format(side), page) for side in ("from", "to")] == [["3"], ["4"]]


def test_version_that_is_still_being_stored_is_not_shown(browser: Client) -> None:
    publish(body="one")
    version, _ = services.create_version(package(body="two"))
    SkillVersion.objects.filter(pk=version.pk).update(state="storing")

    assert browser.get(f"{SKILLS}{version.skill.pk}/versions/2/").status_code == 404
    assert "versions/2/" not in browser.get(f"{SKILLS}{version.skill.pk}/versions/").text


def test_versions_are_paged_by_where_they_stopped(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skill_page, "VERSIONS_SHOWN", 2)
    for number in range(5):
        version, _ = services.create_version(package(body=f"text {number}"))
    address, query, pages = f"{SKILLS}{version.skill.pk}/versions/", "", []
    while True:
        page = browser.get(f"{address}{query}").text
        pages.append(re.findall(r'versions/(\d+)/">v', page))
        older = re.search(r'href="(\?before=\d+)" rel="next"', page)
        if not older:
            break
        query = older[1]
    assert pages == [["5", "4"], ["3", "2"], ["1"]]
    assert 'href="?" rel="first"' in page
    assert browser.get(f"{address}?before=nonsense").status_code == 200


@pytest.mark.parametrize(
    "path", ["999/change/", "x/change/", "999/versions/1/", "{pk}/versions/9/", "{pk}/publish/9/", "999/deactivate/"]
)
def test_what_is_not_there_is_404(browser: Client, path: str) -> None:
    pk = publish().skill.pk
    assert browser.get(f"{SKILLS}{path.format(pk=pk)}").status_code == 404


# Who may see and do what: each page by each role, by GET and by POST.

ROLES: dict[str, Callable[[], User | None]] = {
    "nobody": lambda: None,
    "no staff": lambda: somebody("view_skill", "upload_skill", "publish_skill", is_staff=False),
    "clerk": lambda: somebody("view_user", "change_user"),
    "viewer": lambda: somebody("view_skill"),
    "author": lambda: somebody("view_skill", "upload_skill"),
    "publisher": lambda: somebody("view_skill", "publish_skill"),
    "superuser": lambda: User.objects.create_superuser("sam", password="sams-password"),
}
GET = {
    #                            nobody, no staff, clerk, viewer, author, publisher, superuser
    "{list}":                    (302, 302, 403, 200, 200, 200, 200),
    "{list}{pk}/change/":        (302, 302, 403, 200, 200, 200, 200),
    "{list}{pk}/versions/":      (302, 302, 403, 200, 200, 200, 200),
    "{list}{pk}/history/":       (302, 302, 403, 200, 200, 200, 200),
    "{list}{pk}/files/1/":       (302, 302, 403, 200, 200, 200, 200),
    "{list}{pk}/versions/1/zip/": (302, 302, 403, 200, 200, 200, 200),
    "{list}{pk}/versions/1/":    (302, 302, 403, 200, 200, 200, 200),
    "{list}upload/":             (302, 302, 403, 403, 200, 403, 200),
    "{list}uploads/{upload}/":   (302, 302, 403, 403, 200, 403, 200),
    "{list}{pk}/publish/1/":     (302, 302, 403, 403, 403, 200, 200),
    "{list}{pk}/deactivate/":    (302, 302, 403, 403, 403, 200, 200),
    "{list}add/":                (302, 302, 403, 403, 403, 403, 403),
    "{list}{pk}/delete/":        (302, 302, 403, 403, 403, 403, 200),
    "{list}{pk}/restore/":       (302, 302, 403, 403, 403, 403, 200),
    "{list}{pk}/versions/1/yank/": (302, 302, 403, 403, 403, 200, 200),
    "{list}{pk}/versions/1/unyank/": (302, 302, 403, 403, 403, 200, 200),
}  # fmt: skip
POST = {
    "{list}upload/":             (302, 302, 403, 403, 200, 403, 200),
    "{list}uploads/{upload}/":   (302, 302, 403, 403, 302, 403, 302),
    "{list}{pk}/publish/1/":     (302, 302, 403, 403, 403, 302, 302),
    "{list}{pk}/deactivate/":    (302, 302, 403, 403, 403, 302, 302),
    "{list}add/":                (302, 302, 403, 403, 403, 403, 403),
    "{list}{pk}/delete/":        (302, 302, 403, 403, 403, 403, 302),
    "{list}{pk}/restore/":       (302, 302, 403, 403, 403, 403, 302),
    "{list}{pk}/versions/1/yank/": (302, 302, 403, 403, 403, 302, 302),
    "{list}{pk}/versions/1/unyank/": (302, 302, 403, 403, 403, 302, 302),
}  # fmt: skip


def somebody(*codenames: str, is_staff: bool = True) -> User:
    user = User.objects.create_user("sam", password="sams-password", is_staff=is_staff)
    user.user_permissions.set(permissions(*codenames))
    return user


@pytest.fixture
def world(db: None) -> dict[str, Any]:
    """v1 was live, v2 is live, and an upload of a third waits for its review."""
    publish(body="one")
    skill = publish(body="two").skill
    upload = services.stage_upload("greeter.zip", zip_of({"SKILL.md": skill_md(body="three")}))
    return {"list": SKILLS, "pk": skill.pk, "upload": upload.pk}


def state() -> tuple[Any, ...]:
    return live(), SkillVersion.objects.count(), Publication.objects.count(), Upload.objects.count()


def log_in(client: Client, role: str) -> None:
    if user := ROLES[role]():
        Upload.objects.update(uploaded_by=user)
        client.force_login(user)


@pytest.mark.parametrize("path", GET)
@pytest.mark.parametrize(("index", "role"), list(enumerate(ROLES)))
def test_each_page_is_seen_by_who_may(client: Client, world: dict[str, Any], path: str, index: int, role: str) -> None:
    log_in(client, role)
    before = state()

    answer = client.get(path.format(**world))
    assert answer.status_code == GET[path][index]
    if answer.status_code == 302:
        assert answer.headers["location"].startswith("/admin/login/?next=")
    assert state() == before


@pytest.mark.parametrize("path", POST)
@pytest.mark.parametrize(("index", "role"), list(enumerate(ROLES)))
def test_each_page_is_posted_to_by_who_may_and_does_nothing_for_others(
    client: Client, world: dict[str, Any], path: str, index: int, role: str
) -> None:
    log_in(client, role)
    before = state()

    answer = client.post(path.format(**world), {"post": "yes", "expected_live": "2"})
    assert answer.status_code == POST[path][index]
    if answer.status_code == 403 or index < 2:
        assert state() == before


@pytest.mark.parametrize("path", POST)
def test_nothing_is_done_without_the_csrf_token(operator: User, world: dict[str, Any], path: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    before = state()

    assert browser.post(path.format(**world), {"post": "yes", "expected_live": "2"}).status_code == 403
    assert state() == before


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        (["view_skill"], []),
        (["view_skill", "upload_skill"], ["upload/"]),
        (["view_skill", "publish_skill"], ["{pk}/deactivate/", "{pk}/publish/1/"]),
        (["view_skill", "view_invocation"], ["{pk}/usage/"]),
    ],
)
def test_skill_page_offers_only_what_one_may_do(
    client: Client, world: dict[str, Any], held: list[str], shown: list[str]
) -> None:
    client.force_login(somebody(*held))

    content = ""
    for path in ("change/", "versions/", "history/"):
        page = client.get(f"{SKILLS}{world['pk']}/{path}").text
        content += page[page.index('id="content"') :]
    offered = [
        link
        for link in ("upload/", "{pk}/deactivate/", "{pk}/publish/1/", "{pk}/usage/")
        if re.search(rf'href="({SKILLS})?{link.format(**world)}', content)
    ]
    assert offered == shown


def test_times_are_said_in_words_that_fit(browser: Client) -> None:
    version = publish()
    get_store().write_batch(
        [InvocationEvent("greeter", "tools/call", "error", timezone.now() - timedelta(hours=3), 1.0)]
    )

    page = text_of(browser.get(f"{SKILLS}{version.skill.pk}/change/"))
    assert "1 call · 1 failed · last call 3 hours ago" in page.replace("\xa0", " ")
