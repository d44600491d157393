"""An upload in the admin: the zip, its review, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.models import Publication, Skill, SkillVersion, Upload
from skills_registry.services import versions
from skills_registry.store import package_store

from .conftest import live, permissions, publish
from .support.packages import package, skill_md, zip_of
from .support.pages import SKILLS, staged, text_of, told, upload

pytestmark = pytest.mark.django_db


def zipped(body: str = "Say hello.", files: Mapping[str, str] = MappingProxyType({}), **fields: str) -> bytes:
    return zip_of({"SKILL.md": skill_md(body=body, **fields), **files})


def test_upload_leads_to_its_review_and_creates_nothing(browser: Client) -> None:
    review = staged(browser, zipped(files={"scripts/run.py": "print()"}))

    page = text_of(browser.get(review))
    assert "greeter is a new skill. This would be its v1." in page
    assert "2 files" in page
    assert "No warnings." in page
    for text in ("run.py", "Greets people. Use when somebody arrives.", "Say hello."):
        assert text in page
    assert not Skill.objects.exists()


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("create", (None, ["Created greeter v1."])),
        ("publish", ("v1", ["Created greeter v1.", "Published greeter v1."])),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_review_creates_a_version_and_publishes_it_if_told_to(
    browser: Client, operator: User, store: Path, button: str, expected: tuple[str | None, list[str]]
) -> None:
    review = staged(browser, zipped())

    answer = browser.post(review, {button: "", "note": "first", "expected_live": ""}, follow=True)
    version = SkillVersion.objects.get()
    assert answer.redirect_chain[-1][0] == f"{SKILLS}{version.skill.pk}/versions/1/"
    assert told(answer) == expected[1]
    assert (version.number, version.note, version.uploaded_by, live()) == (1, "first", operator, expected[0])
    assert [(p.actor, p.reason) for p in Publication.objects.all()] == ([(operator, "first")] if expected[0] else [])
    assert not Upload.objects.exists()
    assert not list((store / "uploads").iterdir())


def test_review_says_what_differs_from_the_live_version(browser: Client) -> None:
    publish(files={"a.txt": "1", "b.txt": "1"})

    page = text_of(browser.get(staged(browser, zipped(files={"a.txt": "22", "c.txt": "3"}))))
    assert "greeter already exists. This would be its next version." in page
    difference = page[page.index("Changes compared with v1") :]
    assert "a.txt changed 1 byte 2 bytes" in difference.replace("\xa0", " ")
    assert "b.txt removed" in difference
    assert "c.txt added" in difference


def test_review_of_an_invalid_package_shows_every_problem_and_no_way_in(browser: Client) -> None:
    content = zip_of({"SKILL.md": "---\nname: Greeter\nlicense: 7\n---\nHello.\n", "a/../../b": "x"})
    review = staged(browser, content)

    answer = browser.get(review)
    page = text_of(answer)
    assert "This package was rejected. 4 problems to fix:" in page
    for where, code in [
        ("SKILL.md:2", "name-invalid"),
        ("SKILL.md:3", "field-not-text"),
        ("SKILL.md:1", "field-missing"),
        ("a/../../b", "path-traversal"),
    ]:
        assert where in page
        assert code in page
    assert 'name="create"' not in answer.text
    assert 'name="publish"' not in answer.text

    assert browser.post(review, {"create": "", "publish": "", "expected_live": ""}).status_code == 200
    assert not Skill.objects.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"hello", "not a zip"),
        (zipped()[:-10], "cut off"),
        (zip_of({"README.md": "x"}), "SKILL.md"),
    ],
    ids=["empty", "no-zip", "cut", "no-skill"],
)
def test_file_that_is_no_package_is_reviewed_too(browser: Client, content: bytes, reason: str) -> None:
    assert reason in text_of(browser.get(staged(browser, content)))


def test_warnings_and_findings_are_shown_and_do_not_keep_it_out(browser: Client) -> None:
    review = staged(browser, zipped("Run !`date`.", colour="blue"))

    page = text_of(browser.get(review))
    assert "1 warning · 1 finding" in page
    assert "field-unknown" in page
    assert "SKILL.md:7" in page
    browser.post(review, {"create": "", "note": "", "expected_live": ""})
    assert SkillVersion.objects.get().number == 1


def test_same_bytes_as_before_are_said_to_be_there_already(browser: Client) -> None:
    services.create_version(package())
    review = staged(browser, zipped())

    answer = browser.get(review)
    assert "greeter is already up to date. v1 has exactly the same content" in text_of(answer)
    assert 'name="create"' not in answer.text
    again = browser.post(review, {"create": "", "note": "", "expected_live": ""}, follow=True)
    assert told(again) == ["Already up to date: greeter v1 has the same content."]
    assert SkillVersion.objects.count() == 1


def test_bytes_that_are_there_already_can_be_published_from_the_review(browser: Client) -> None:
    publish(body="one")
    publish(body="two")
    review = staged(browser, zipped("one"))

    assert "Publish v1" in text_of(browser.get(review))
    browser.post(review, {"publish": "", "note": "back", "expected_live": "2"})
    assert (live(), SkillVersion.objects.count()) == ("v1", 2)


def test_version_is_created_but_not_published_where_somebody_was_faster(browser: Client) -> None:
    publish(body="one")
    review = staged(browser, zipped("three"))
    assert 'name="expected_live" value="1"' in browser.get(review).text
    publish(body="two")

    answer = browser.post(review, {"publish": "", "note": "", "expected_live": "1"}, follow=True)
    assert [message.partition(":")[0] for message in told(answer)] == [
        "Created greeter v3.",
        "This skill changed while you were looking",
    ]
    assert (live(), SkillVersion.objects.count()) == ("v2", 3)


def test_author_is_offered_no_publishing_and_gets_none_by_force(author: User, client: Client) -> None:
    client.force_login(author)
    review = staged(client, zipped())
    assert 'name="publish"' not in client.get(review).text

    assert client.post(review, {"publish": "", "note": "", "expected_live": ""}).status_code == 403
    assert not Skill.objects.exists()


def test_discarded_upload_is_gone(browser: Client, store: Path) -> None:
    review = staged(browser, zipped())

    answer = browser.post(review, {"discard": ""}, follow=True)
    assert told(answer) == ["Discarded greeter.zip."]
    assert not Upload.objects.exists()
    assert not list((store / "uploads").iterdir())
    assert browser.get(review).status_code == 404


@pytest.mark.parametrize("button", ["create", "publish"])
def test_upload_that_was_swept_meanwhile_has_to_come_again(browser: Client, store: Path, button: str) -> None:
    review = staged(browser, zipped())
    next((store / "uploads").iterdir()).unlink()

    for answer in (browser.get(review, follow=True), browser.post(review, {button: ""}, follow=True)):
        assert answer.redirect_chain[-1][0] == f"{SKILLS}upload/"
        assert told(answer) == ["The upload greeter.zip has expired. Please upload it again."]
    assert not Skill.objects.exists()


def test_second_click_on_create_finds_the_review_done(browser: Client) -> None:
    review = staged(browser, zipped())
    browser.post(review, {"create": "", "note": "", "expected_live": ""})

    assert browser.post(review, {"create": "", "note": "", "expected_live": ""}).status_code == 404
    assert SkillVersion.objects.count() == 1


def test_package_that_another_upload_has_begun_to_store_is_stored_after_a_while(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "STORING_PATIENCE", timedelta(seconds=0.5))
    version, _ = services.create_version(package())
    SkillVersion.objects.filter(pk=version.pk).update(state="storing")
    review = staged(browser, zipped())

    answer = browser.post(review, {"create": "", "note": "", "expected_live": ""}, follow=True)
    assert told(answer) == ["Created greeter v2."]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"note": "n" * 10_001, "expected_live": ""}, "at most 10000 characters"),
        ({"note": "", "expected_live": "x"}, ""),
    ],
)
def test_form_that_is_wrong_creates_nothing(browser: Client, form: dict[str, str], message: str) -> None:
    answer = browser.post(staged(browser, zipped()), {"create": "", **form})

    assert answer.status_code == 200
    assert message in text_of(answer)
    assert not Skill.objects.exists()


def test_missing_file_is_said_on_the_form(browser: Client) -> None:
    answer = browser.post(f"{SKILLS}upload/", {"csrfmiddlewaretoken": ""})
    assert "This field is required." in text_of(answer)
    assert not Upload.objects.exists()


def test_zip_over_the_limit_is_not_even_staged(browser: Client, settings: Any, store: Path) -> None:
    settings.SKILL_MAX_ARCHIVE_BYTES = 1000

    assert "at most 1000 bytes are allowed" in text_of(upload(browser, b"x" * 1001)).replace("\xa0", " ")
    assert not Upload.objects.exists()
    assert not store.exists()


def test_uploads_that_wait_are_listed_with_who_brought_them(browser: Client, author: User) -> None:
    services.stage_upload("arnos.zip", zipped(), user=author)
    services.stage_upload("nobodys.zip", b"x")

    page = text_of(browser.get(f"{SKILLS}upload/"))
    assert "arnos.zip" in page
    assert "arno" in page.replace("arnos.zip", "")
    assert "nobodys.zip" in page


@pytest.fixture
def foreign(author: User) -> Upload:
    """An upload that somebody else brought than whoever looks."""
    other = User.objects.create_user("berta", is_staff=True)
    return services.stage_upload("bertas.zip", zipped("Say something else."), user=other)


@pytest.mark.parametrize("path", ["", "compare/", "file/SKILL.md"])
@pytest.mark.parametrize("given", [None, {"create": "", "note": "", "expected_live": ""}, {"discard": ""}])
def test_upload_of_somebody_else_is_not_there(
    foreign: Upload, author: User, client: Client, path: str, given: dict[str, str] | None
) -> None:
    publish()
    client.force_login(author)
    address = f"{SKILLS}uploads/{foreign.pk}/{path}"

    answer = client.get(address) if given is None else client.post(address, given)

    assert answer.status_code == 404
    assert Upload.objects.get() == foreign
    assert SkillVersion.objects.count() == 1
    services.inspect_upload(foreign)  # and its bytes are kept


def test_upload_of_somebody_else_is_not_listed(foreign: Upload, author: User, client: Client) -> None:
    services.stage_upload("arnos.zip", zipped(), user=author)
    client.force_login(author)

    page, home = text_of(client.get(f"{SKILLS}upload/")), text_of(client.get("/admin/"))

    assert "arnos.zip" in page
    assert "bertas" not in page
    assert "uploads to inspect" not in home


def test_upload_of_somebody_else_is_open_to_administrators(foreign: Upload, author: User, client: Client) -> None:
    author.user_permissions.add(*permissions("administer_skill"))
    client.force_login(author)

    assert "bertas.zip" in text_of(client.get(f"{SKILLS}upload/"))
    assert client.post(f"{SKILLS}uploads/{foreign.pk}/", {"discard": ""}).status_code == 302
    assert not Upload.objects.exists()


def drop(browser: Client, files: Mapping[str, bytes | str], **headers: str) -> Any:
    """The answer to files that were dropped with their paths."""
    given = [SimpleUploadedFile(path.rpartition("/")[2], _bytes(content)) for path, content in files.items()]
    data = {"file": given, "paths": json.dumps(list(files))}
    return browser.post(f"{SKILLS}upload/", data, headers=headers)


def _bytes(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def test_folder_is_judged_as_the_zip_of_it_would_be(browser: Client) -> None:
    answer = drop(browser, {"greeter/SKILL.md": skill_md(), "greeter/refs/a.txt": "x", "greeter/.DS_Store": "junk"})
    assert answer.status_code == 302
    page = text_of(browser.get(answer.headers["location"]))
    assert "Inspect greeter.zip" in page
    assert "greeter is a new skill" in page
    assert "junk-dropped" in page
    browser.post(answer.headers["location"], {"create": "", "note": "", "expected_live": ""})
    assert [file["path"] for file in SkillVersion.objects.get().files] == ["SKILL.md", "refs/a.txt"]


def test_folder_with_another_name_than_its_skill_is_told_as_in_a_zip(browser: Client) -> None:
    answer = drop(browser, {"wrong/SKILL.md": skill_md()})
    assert "name-not-folder" in text_of(browser.get(answer.headers["location"]))


def test_several_packages_in_one_drop_are_reviewed_one_by_one(browser: Client) -> None:
    files: dict[str, bytes | str] = {
        "repo/one/SKILL.md": skill_md("one"),
        "repo/two/SKILL.md": skill_md("two"),
        "repo/three.zip": zip_of({"SKILL.md": skill_md("three")}),
        "repo/README.md": "stray",
    }
    answer = drop(browser, files, accept="application/json").json()
    assert [review["filename"] for review in answer["reviews"]] == ["three.zip", "one.zip", "two.zip"]
    assert answer["left_out"] == "Skipped because they belong to no skill: repo/README.md"

    first, second, third = (review["url"] for review in answer["reviews"])
    assert "2 more uploads" in text_of(browser.get(first))
    done = browser.post(first, {"create": "", "note": "", "expected_live": ""}, follow=True)
    assert second in told(done)[1]
    discarded = browser.post(second, {"discard": ""})
    assert discarded.headers["location"] == third


def test_several_zips_without_a_script_wait_in_the_list(browser: Client) -> None:
    files = [SimpleUploadedFile(f"{name}.zip", zip_of({"SKILL.md": skill_md(name)})) for name in ("one", "two")]
    answer = browser.post(f"{SKILLS}upload/", {"file": files}, follow=True)
    assert told(answer) == ["2 packages are ready to inspect."]
    assert "one.zip" in text_of(answer)


@pytest.mark.parametrize(
    ("paths", "error"),
    [
        ('["a", "b"]', "The number of paths and files differs."),
        ('"a"', "The file paths must be a list of strings."),
        ("[1]", "The file paths must be a list of strings."),
        ('["a\\u0000b"]', "A file path contains a forbidden character."),
        ('["a\\ud800"]', "Enter a valid JSON."),
        ("[", "Enter a valid JSON."),
    ],
)
def test_paths_that_fit_no_files_are_refused(browser: Client, paths: str, error: str) -> None:
    data = {"file": [SimpleUploadedFile("SKILL.md", b"x")], "paths": paths}
    answer = browser.post(f"{SKILLS}upload/", data, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"errors": [error]})
    assert error in text_of(browser.post(f"{SKILLS}upload/", {**data, "file": [SimpleUploadedFile("SKILL.md", b"x")]}))
    assert not Upload.objects.exists()


@pytest.mark.parametrize("path", ["greeter/../../etc/passwd", "/etc/passwd", "greeter/a\\b", "C:/x"])
def test_hostile_paths_of_a_folder_meet_the_rules_of_zips(browser: Client, path: str) -> None:
    answer = drop(browser, {"SKILL.md": skill_md(), path: "x"})
    assert "This package was rejected." in text_of(browser.get(answer.headers["location"]))


def test_folder_with_more_files_than_a_package_may_have_is_reviewed(browser: Client, settings: Any) -> None:
    settings.SKILL_MAX_FILES = 3
    files = {"greeter/SKILL.md": skill_md(), **{f"greeter/{number}.txt": "" for number in range(5)}}
    answer = drop(browser, files)
    assert "too-many-files" in text_of(browser.get(answer.headers["location"]))


def test_review_shows_the_lines_that_its_remarks_are_about(browser: Client) -> None:
    page = text_of(browser.get(staged(browser, zipped("Fine.\nRun !`date`.\nAlso fine."))))
    assert "SKILL.md:7 " in page
    assert "6 Fine. 7 Run !`date`. 8 Also fine." in page


def test_review_shows_the_lines_of_a_skill_md_that_is_refused(browser: Client) -> None:
    page = text_of(browser.get(staged(browser, zip_of({"SKILL.md": "---\nname: Bad Name\n---\n\nHello.\n"}))))
    assert "1 --- 2 name: Bad Name 3 ---" in page


def test_review_says_what_a_listing_and_a_call_cost(browser: Client) -> None:
    page = text_of(browser.get(staged(browser, zipped("word " * 400))))
    assert "Per call ≈ 501 tokens of instructions" in page
    assert "In every agent's list ≈ 13" in page


def test_note_stays_where_the_version_could_not_be_created(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(package_store, "write_version", fail)
    answer = browser.post(staged(browser, zipped()), {"create": "", "note": "hard work", "expected_live": ""})
    assert "could not be stored and nothing was changed: the store is away" in text_of(answer)
    assert "hard work" in text_of(answer)


def test_where_reviews_are_required_one_is_asked_for_instead_of_publishing(browser: Client, settings: Any) -> None:
    settings.REQUIRE_REVIEW = True
    review = staged(browser, zipped())
    page = browser.get(review).text
    assert 'name="publish"' not in page

    answer = browser.post(review, {"ask": "", "note": "please look", "expected_live": ""}, follow=True)
    assert told(answer) == ["Created greeter v1.", "Requested review of greeter v1."]
    version = SkillVersion.objects.get()
    assert (version.review, version.reviews.get().comment, live()) == ("requested", "please look", None)


def test_author_who_may_not_publish_can_ask_for_a_review(author: User, client: Client) -> None:
    client.force_login(author)
    assert 'name="ask"' in client.get(staged(client, zipped())).text


def test_list_of_what_waits_takes_the_same_queries_however_long(
    browser: Client, django_assert_num_queries: Any
) -> None:
    for number in range(60):
        services.stage_upload(f"{number}.zip", b"x")
    with django_assert_num_queries(4):  # session, user, how many wait, the newest of them
        page = text_of(browser.get(f"{SKILLS}upload/"))
    assert "The newest 50 of 60." in page


def test_mistake_in_yaml_is_shown_with_its_mend_and_mended_if_asked_for(browser: Client, operator: User) -> None:
    text = "---\nname: greeter\ndescription: Use when: asked\n---\nDo.\n"
    review = staged(browser, zip_of({"SKILL.md": text}))

    page = text_of(browser.get(review))
    assert "description: Use when: asked" in page
    assert "description: 'Use when: asked'" in page
    browser.post(review, {"create": "", "note": ""})
    assert not Skill.objects.exists()

    mended = f"{review}?mend"
    page = text_of(browser.get(mended))
    assert "this line was fixed; it was: description: Use when: asked" in page
    browser.post(mended, {"create": "", "note": ""})
    version = SkillVersion.objects.get()
    assert version.frontmatter["description"] == "Use when: asked"
    assert [(warning["code"], warning["params"]) for warning in version.warnings] == [
        ("skill-md-mended", {"before": "description: Use when: asked"})
    ]


def test_lines_of_hyphens_are_mended_if_asked_for(browser: Client) -> None:
    text = "\n---\nname: greeter\ndescription: Greets people.\nlicense: MIT\nlicense: MIT\nmodel: x\n\nDo.\n"
    review = staged(browser, zip_of({"SKILL.md": text}))
    page = browser.get(review)
    assert "there are spaces or empty lines before the first `---`" in text_of(page)
    assert [(mend.line, mend.before, mend.after) for mend in page.context["inspection"].mended.mends] == [
        (1, "", None),
        (6, "license: MIT", None),
        (8, None, "---"),
    ]
    browser.post(f"{review}?mend", {"create": "", "note": ""})
    version = SkillVersion.objects.get()
    assert [(warning["line"], warning["params"]) for warning in version.warnings] == [
        (1, {"case": "empty-line"}),
        (5, {"case": "left-out", "before": "license: MIT"}),
        (6, {"case": "missing"}),
    ]


def test_zip_of_several_skills_names_them_and_says_what_to_do(browser: Client) -> None:
    files = {f"repo-main/skills/{name}/SKILL.md": skill_md(name) for name in ("ask", "tell")}
    page = text_of(browser.get(staged(browser, zip_of(files))))
    assert "there are 2 skills in it: repo-main/skills/ask/, repo-main/skills/tell/" in page
    assert "upload each skill's folder or a zip of it, or import them all with `manage.py import_skills" in page


def test_different_packages_of_one_skill_in_one_drop_are_told_apart_and_asked_about(browser: Client) -> None:
    files: dict[str, bytes | str] = {
        "repo/a/greeter/SKILL.md": skill_md(),
        "repo/b/greeter/SKILL.md": skill_md(body="Say goodbye."),
        "repo/b/reader/SKILL.md": skill_md("reader"),
    }
    answer = drop(browser, files, accept="application/json").json()
    kept = ["repo/a/greeter.zip", "repo/b/greeter.zip", "reader.zip"]
    assert [review["filename"] for review in answer["reviews"]] == kept
    page = text_of(browser.get(f"{SKILLS}uploads/"))
    assert "2 of these zips contain the skill greeter. Which one do you want to create?" in page
    assert "greeter, also in repo/b/greeter.zip" in page


def test_zips_of_one_skill_that_come_without_script_are_all_kept_and_asked_about(browser: Client) -> None:
    zips = [SimpleUploadedFile("one.zip", zipped()), SimpleUploadedFile("two.zip", zipped(body="Say goodbye."))]
    answer = browser.post(f"{SKILLS}upload/", {"file": zips}, follow=True)
    assert answer.redirect_chain == [(f"{SKILLS}uploads/", 302)]
    assert "2 of these zips contain the skill greeter. Which one do you want to create?" in text_of(answer)


def test_review_says_who_uploaded_the_version_before(browser: Client) -> None:
    other = User.objects.create_user("peter")
    services.create_version(package(), user=other)
    page = text_of(browser.get(staged(browser, zipped(body="Say goodbye."))))
    assert "v1 was uploaded by peter" in page


@pytest.mark.parametrize("name", ["参考/使用说明.md", "脚本/运行.py"])
def test_names_in_a_legacy_encoding_are_shown_before_and_after(browser: Client, name: str) -> None:
    raw = name.encode("gbk")
    data = zip_of({"SKILL.md": skill_md(), "x" * len(raw): "text"}).replace(b"x" * len(raw), raw)
    page = text_of(browser.get(staged(browser, data)))
    assert f"the name {raw.decode('cp437')} is encoded; it is read as GBK" in page
    assert name in page
