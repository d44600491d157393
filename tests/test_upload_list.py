"""Several uploads at once: what each would become, and all that can come in created together."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from skills_registry import services
from skills_registry.models import SkillVersion, Upload

from .conftest import live, permissions, publish
from .support.packages import package, skill_md, zip_of
from .support.pages import SKILLS, rows, text_of

pytestmark = pytest.mark.django_db
UPLOADS = f"{SKILLS}uploads/"


@pytest.fixture(autouse=True)
def uploads(operator: User) -> dict[str, Upload]:
    """One upload of each kind, brought by the operator."""
    cache.clear()
    publish("greeter")
    gone = services.create_version(package("gone"))[0].skill
    services.delete_skill(gone)
    zips = {
        "new": zip_of({"SKILL.md": skill_md("new")}),
        "second": zip_of({"SKILL.md": skill_md("greeter", "Say two.")}),
        "third": zip_of({"SKILL.md": skill_md("greeter", "Run !`date`.")}),
        "same": zip_of({"SKILL.md": skill_md("greeter")}),
        "broken": b"not a zip",
        "unquoted": zip_of({"SKILL.md": "---\nname: unquoted\ndescription: Use when: asked\n---\nDo it.\n"}),
        "of-gone": zip_of({"SKILL.md": skill_md("gone", "Back.")}),
    }
    return {name: services.stage_upload(f"{name}.zip", data, user=operator) for name, data in zips.items()}


def listed(browser: Client) -> dict[str, tuple[str, str]]:
    return {row[0]: (row[1], row[2]) for row in rows(browser.get(UPLOADS))}


def sent(browser: Client, **fields: Any) -> Any:
    """Press the button of the list."""
    possible = browser.get(UPLOADS).context["possible"]
    return browser.post(UPLOADS, {"upload": [row.upload.pk for row in possible], "note": "spring", **fields})


EXPECTED = {
    "new.zip": ("valid", "new v1"),
    "second.zip": ("choose one", "greeter, also in third.zip"),
    "third.zip": ("choose one", "greeter, also in second.zip"),
    "same.zip": ("no changes", "greeter v1 has the same content"),
    "broken.zip": ("rejected", "-"),
    "unquoted.zip": ("can be fixed", "-"),
    "of-gone.zip": ("rejected", "-"),
}


def test_list_says_what_each_would_become_and_keeps_it(browser: Client) -> None:
    assert listed(browser) == EXPECTED
    assert listed(browser) == EXPECTED
    page = text_of(browser.get(UPLOADS))
    assert "gone is deleted. Restore it first." in page
    assert "1 finding" in page


def test_list_leads_to_the_mended_form_of_what_can_be_mended(browser: Client, uploads: dict[str, Upload]) -> None:
    page = browser.get(UPLOADS)
    mend = f"{UPLOADS}{uploads['unquoted'].pk}/?mend"
    assert page.content.decode().count("?mend") == 1
    assert f'href="{mend}"' in page.content.decode()
    assert "unquoted is a new skill" in text_of(browser.get(mend))


def test_counts_of_remarks_leave_out_those_of_which_there_is_none(browser: Client) -> None:
    page = text_of(browser.get(UPLOADS))
    assert "1 finding" in page
    assert "0 warnings" not in page


def test_all_that_can_come_in_is_created_with_a_result_for_each(browser: Client, operator: User) -> None:
    page = text_of(sent(browser, **{"clash-greeter": "all"}))
    for name, number in (("new", 1), ("greeter", 2), ("greeter", 3)):
        version = SkillVersion.objects.get(skill__name=name, number=number)
        assert (version.note, version.uploaded_by) == ("spring", operator)
        assert f"Created {version}." in page
    assert (live("greeter"), live("new")) == ("v1", None)
    assert set(listed(browser)) == {"same.zip", "broken.zip", "unquoted.zip", "of-gone.zip"}


def test_of_zips_that_hold_the_same_skill_none_is_created_without_a_choice(
    browser: Client, uploads: dict[str, Upload]
) -> None:
    before = text_of(browser.get(UPLOADS))
    assert "2 of these zips contain the skill greeter. Which one do you want to create?" in before
    assert "All of them, in order, as v2 to v3" in before
    page = text_of(sent(browser))
    assert page.count("Several of these zips contain the skill greeter. Choose one.") == 2
    assert "Created new v1." in page
    assert SkillVersion.objects.filter(skill__name="greeter").count() == 1

    sent(browser, **{"clash-greeter": "another"})
    assert SkillVersion.objects.filter(skill__name="greeter").count() == 1
    page = text_of(sent(browser, **{"clash-greeter": str(uploads["third"].pk)}))
    assert "Created greeter v2." in page
    assert listed(browser)["second.zip"] == ("valid", "greeter v3")
    assert SkillVersion.objects.get(skill__name="greeter", number=2).digest == package("greeter", "Run !`date`.").digest


def test_review_says_which_other_zips_hold_the_same_skill(browser: Client, uploads: dict[str, Upload]) -> None:
    browser.get(UPLOADS)
    page = text_of(browser.get(f"{UPLOADS}{uploads['second'].pk}/"))
    assert "Several of your uploads contain the skill greeter." in page
    assert "third.zip" in page
    assert "More than one of your uploads" not in text_of(browser.get(f"{UPLOADS}{uploads['new'].pk}/"))


def test_what_was_not_inspected_is_not_created(
    browser: Client, uploads: dict[str, Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skills_registry.admin.upload_list.SECONDS_AT_ONCE", -1)
    page = text_of(browser.post(UPLOADS, {"upload": str(uploads["new"].pk), "note": ""}))
    assert "It has not been inspected yet. Please try again." in page
    assert not SkillVersion.objects.filter(skill__name="new").exists()


def test_reviews_are_asked_for_together(browser: Client) -> None:
    sent(browser, ask="", **{"clash-greeter": "all"})
    reviews = SkillVersion.objects.filter(note="spring").values_list("review", flat=True)
    assert list(reviews) == ["requested"] * 3


def test_one_that_fails_does_not_keep_the_others_out(browser: Client, uploads: dict[str, Upload]) -> None:
    keys = [str(uploads[name].pk) for name in ("of-gone", "broken", "new")]
    page = text_of(browser.post(UPLOADS, {"upload": [*keys, "no-key"], "note": ""}))
    assert "gone is deleted. Restore it first." in page
    assert "Rejected. Open the upload to see why." in page
    assert "Created new v1." in page


def test_zip_that_was_swept_is_told_as_such(browser: Client, uploads: dict[str, Upload]) -> None:
    from skills_registry.store import package_store

    package_store.delete_upload(uploads["new"].pk)
    assert listed(browser)["new.zip"] == ("expired", "-")
    answer = browser.post(UPLOADS, {"upload": str(uploads["new"].pk), "note": ""})
    assert "This upload has expired. Please upload it again." in text_of(answer)


def test_zips_are_inspected_once_and_not_without_end(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skills_registry.admin.upload_list.SECONDS_AT_ONCE", -1)
    assert {state for state, _ in listed(browser).values()} == {"not inspected yet"}
    assert "Some uploads have not been inspected yet." in text_of(browser.get(UPLOADS))
    monkeypatch.setattr("skills_registry.admin.upload_list.SECONDS_AT_ONCE", 60)
    assert listed(browser) == EXPECTED
    monkeypatch.setattr("skills_registry.admin.upload_list.SECONDS_AT_ONCE", -1)
    assert listed(browser) == EXPECTED


def test_uploads_of_others_are_neither_listed_nor_created(client: Client, uploads: dict[str, Upload]) -> None:
    mia = User.objects.create_user("mia", is_staff=True)
    mia.user_permissions.set(permissions("view_skill", "upload_skill"))
    client.force_login(mia)
    assert listed(client) == {}
    client.post(UPLOADS, {"upload": str(uploads["new"].pk), "note": ""})
    assert not SkillVersion.objects.filter(skill__name="new").exists()
