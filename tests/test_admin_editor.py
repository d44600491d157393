"""The editor: what is edited becomes a new version, and nobody's text is lost."""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from skills_registry import services
from skills_registry.models import Skill, SkillVersion
from skills_registry.store import package_store

from .conftest import live, publish
from .support.packages import package, skill_md
from .support.pages import SKILLS, text_of, told

pytestmark = pytest.mark.django_db


def address(number: int = 1, page: str = "edit/") -> str:
    return f"{SKILLS}{Skill.objects.get().pk}/versions/{number}/{page}"


def save(browser: Client, edits: Any, number: int = 1, latest: int = 1, note: str = "", **more: Any) -> Any:
    data = {"edits": json.dumps(edits), "note": note, "expected_latest": latest, **more}
    return browser.post(address(number), data, follow=True)


def files(number: int) -> dict[str, bytes]:
    version = SkillVersion.objects.get(number=number)
    return {file["path"]: package_store.read_file("greeter", number, file["path"]) for file in version.files}


def test_edits_of_several_files_become_one_new_version_that_is_not_live(browser: Client, operator: User) -> None:
    publish(files={"a.txt": "a", "b.bin": b"\0\1", "old.txt": "x"})
    edits = {
        "SKILL.md": {"text": skill_md(body="Wave.")},
        "c.bin": {"from": "b.bin"},
        "b.bin": None,
        "new.txt": {"text": "n"},
    }

    answer = save(browser, edits, note="better")
    assert told(answer) == ["Created greeter v2. Nothing changes for agents until it is published."]
    assert answer.redirect_chain[-1][0] == address(2, "")
    version = SkillVersion.objects.get(number=2)
    assert (version.note, version.uploaded_by, live()) == ("better", operator, "v1")
    assert files(2) == {
        "SKILL.md": skill_md(body="Wave.").encode(), "a.txt": b"a", "c.bin": b"\0\1", "new.txt": b"n", "old.txt": b"x"
    }  # fmt: skip


def test_without_a_script_one_file_is_edited_with_its_line_ends_kept(browser: Client) -> None:
    publish(files={"a.txt": "one\r\ntwo\r\n"})
    page = browser.get(address() + "?file=a.txt").text
    assert 'name="new_path" value="a.txt"' in page

    plain = {"path": "a.txt", "new_path": "b.txt", "text": "one\r\n2\r\n"}
    browser.post(address(), {**plain, "note": "", "expected_latest": 1})
    assert {path: content for path, content in files(2).items() if path != "SKILL.md"} == {"b.txt": b"one\r\n2\r\n"}


def test_without_a_script_a_file_is_removed_and_another_added(browser: Client) -> None:
    publish(files={"a.txt": "a"})
    browser.post(address(), {"path": "a.txt", "new_path": "a.txt", "text": "a", "remove": "on", "expected_latest": 1})
    assert set(files(2)) == {"SKILL.md"}
    assert browser.get(address(2) + "?file=").status_code == 200
    browser.post(address(2), {"path": "", "new_path": "x/new.txt", "text": "new", "expected_latest": 2})
    assert files(3)["x/new.txt"] == b"new"


def test_text_is_shown_as_text(browser: Client) -> None:
    publish(body="</textarea><script>alert(1)</script>")
    page = browser.get(address()).text
    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;" in page


def test_what_breaks_the_rules_is_told_and_the_text_stays(browser: Client) -> None:
    publish()
    answer = save(browser, {"SKILL.md": {"text": "---\nname: greeter\n---\n\nMine.\n"}}, note="my note")

    assert answer.status_code == 422
    page = text_of(answer)
    assert "Nothing was saved. 1 problem to fix:" in page
    assert "field-missing" in page
    assert "Mine." in page
    assert "my note" in page
    assert SkillVersion.objects.count() == 1


def test_another_name_is_another_skill_and_refused(browser: Client) -> None:
    publish()
    assert "name-changed" in text_of(save(browser, {"SKILL.md": {"text": skill_md("other")}}))


def test_nothing_new_is_told(browser: Client) -> None:
    publish()
    assert told(save(browser, {"SKILL.md": {"text": skill_md()}})) == [
        "No changes: greeter v1 has exactly these files."
    ]


def made_meanwhile(user: User, changes: dict[str, bytes | None]) -> None:
    """Somebody else makes v2."""
    services.edit_version(Skill.objects.get(), 1, changes, user=user, note="quick", expected_latest=1)


def merge(browser: Client, conflict: Any, choices: Mapping[str, str] = {}, **more: str) -> Any:
    """Send the form of the page that shows a conflict."""
    data = {"edits": conflict.context["edits"], "note": conflict.context["note"], "expected_latest": 2, "merge": "1"}
    return browser.post(address(1), {**data, **choices, **more}, follow=True)


TEN = "".join(f"{number}\n" for number in range(10))


def test_changes_of_two_editors_in_different_places_are_merged(browser: Client, author: User) -> None:
    publish(files={"a.txt": TEN, "b.txt": "b\n", "c.txt": "c\n"})
    made_meanwhile(author, {"a.txt": TEN.replace("8", "theirs").encode(), "c.txt": b"theirs\n"})

    answer = save(browser, {"a.txt": {"text": TEN.replace("1", "mine")}, "b.txt": {"text": "mine\n"}}, note="my note")
    assert answer.status_code == 409
    page = text_of(answer)
    assert "arno created v2 while you were editing v1. quick" in page
    assert "There are no conflicts." in page
    assert "they were merged automatically: a.txt" in page
    assert SkillVersion.objects.count() == 2

    assert told(merge(browser, answer)) == ["Created greeter v3. Nothing changes for agents until it is published."]
    merged = TEN.replace("1", "mine").replace("8", "theirs").encode()
    assert files(3) == {**files(2), "a.txt": merged, "b.txt": b"mine\n"}
    assert SkillVersion.objects.get(number=3).note == "my note"


def test_where_both_changed_the_same_somebody_chooses(browser: Client, author: User) -> None:
    publish(files={"a.txt": TEN, "b.txt": "b\n"})
    made_meanwhile(author, {"a.txt": TEN.replace("1", "theirs").replace("5", "theirs too").encode()})
    mine = TEN.replace("1", "mine").replace("5", "mine too").replace("9", "mine alone")
    answer = save(browser, {"a.txt": {"text": mine}, "b.txt": {"text": "mine\n"}})
    assert "2 conflicts" in text_of(answer)
    assert "a.txt line 2 of v2" in text_of(answer)

    again = merge(browser, answer, {"choice-0": "theirs"})
    assert again.status_code == 409
    assert told(again) == ["Nothing was saved. Choose one side for each conflict."]
    assert SkillVersion.objects.count() == 2

    merge(browser, again, {"choice-0": "theirs", "choice-1": "both"})
    assert files(3)["b.txt"] == b"mine\n"
    assert files(3)["a.txt"].decode() == TEN.replace("1", "theirs").replace("5", "theirs too\nmine too").replace(
        "9", "mine alone"
    )


def test_what_is_not_chosen_yet_is_in_the_editor_with_both(browser: Client, author: User) -> None:
    publish(files={"a.txt": TEN, "gone.txt": "x\n"})
    made_meanwhile(author, {"a.txt": TEN.replace("1", "theirs").encode(), "gone.txt": b"changed\n"})
    answer = save(browser, {"a.txt": {"text": TEN.replace("1", "mine")}, "gone.txt": None}, note="my note")
    opened = merge(browser, answer, edit="1")
    assert opened.status_code == 200
    assert "Edit greeter v2" in text_of(opened)
    assert "my note" in text_of(opened)
    edits = json.loads(opened.context["edits_json"])
    assert edits == {"a.txt": {"text": TEN.replace("1", "theirs\nmine")}, "gone.txt": None}
    assert SkillVersion.objects.count() == 2


@pytest.mark.parametrize("choice", ["mine", "theirs"])
@pytest.mark.parametrize(
    ("mine", "theirs", "taken"),
    [
        ({"text": "mine\n"}, None, b"mine\n"),
        (None, b"theirs\n", None),
        ({"base64": "AG0="}, b"\0t", b"\0m"),
    ],
)
def test_file_that_cannot_be_merged_is_taken_whole_from_one_side(
    browser: Client, mine: Any, theirs: bytes | None, taken: bytes | None, choice: str
) -> None:
    publish(files={"x": "base\n", "y": "y"})
    made_meanwhile(User.objects.get(), {"x": theirs})
    answer = save(browser, {"x": mine, "y": {"text": "more"}})
    said = text_of(answer)
    assert ("You removed this file." if mine is None else "Your version of the whole file.") in said
    assert ("They removed or renamed this file." if theirs is None else "Their version of the whole file.") in said
    merge(browser, answer, {"choice-0": choice})
    assert files(3).get("x") == (taken if choice == "mine" else theirs)
    assert files(3)["y"] == b"more"


def test_file_that_was_renamed_takes_along_what_the_other_changed_in_it(browser: Client, author: User) -> None:
    publish(files={"old.txt": "a\n", "lost.txt": "b\n"})
    made_meanwhile(author, {"old.txt": b"theirs\n", "lost.txt": None})
    edits = {"old.txt": None, "new.txt": {"from": "old.txt"}, "lost.txt": None, "found.txt": {"from": "lost.txt"}}
    answer = save(browser, edits)
    assert "There are no conflicts" in text_of(answer)
    merge(browser, answer)
    assert {path: files(3)[path] for path in files(3) if path != "SKILL.md"} == {
        "new.txt": b"theirs\n",
        "found.txt": b"b\n",
    }


def test_version_that_comes_while_one_chooses_is_noticed(browser: Client, author: User) -> None:
    publish(files={"a.txt": TEN})
    made_meanwhile(author, {"a.txt": TEN.replace("8", "theirs").encode()})
    answer = save(browser, {"a.txt": {"text": TEN.replace("1", "mine")}})
    services.edit_version(Skill.objects.get(), 2, {"a.txt": b"third\n"}, user=author, expected_latest=2)
    again = merge(browser, answer)
    assert again.status_code == 409
    assert "greeter v3 was created while you were editing" in text_of(again)
    assert SkillVersion.objects.count() == 3


def test_texts_that_take_too_long_to_merge_are_taken_whole(browser: Client, author: User) -> None:
    base, mine, theirs = (
        "".join(f"{word}\n" for word in random.Random(seed).choices(string.ascii_letters, k=9_900)) for seed in range(3)
    )
    names = [f"{number}.txt" for number in range(40)]
    publish(files=dict.fromkeys(names, base))
    made_meanwhile(author, dict.fromkeys(names, theirs.encode()))
    page = text_of(save(browser, {name: {"text": mine} for name in names}))
    assert "40 conflicts" in page
    assert "Your version of the whole file." in page


def test_more_clashes_than_anybody_chooses_are_left_to_the_editor(browser: Client, author: User) -> None:
    lines = [f"{number}\n" for number in range(1000)]
    publish(files={"a.txt": "".join(lines)})
    theirs, mine = (
        "".join(f"{side} {line}" if number % 3 == 0 else line for number, line in enumerate(lines))
        for side in ("their", "my")
    )
    made_meanwhile(author, {"a.txt": theirs.encode()})
    answer = save(browser, {"a.txt": {"text": mine}})
    assert "There are 334 conflicts, too many" in text_of(answer)
    assert "Save the merged version" not in text_of(answer)
    assert "Open the editor" in text_of(answer)


def test_texts_of_a_conflict_are_shown_as_text(browser: Client, author: User) -> None:
    publish(files={"a.txt": "a\n"})
    made_meanwhile(author, {"a.txt": b"<script>alert(1)</script>\n"})
    page = save(browser, {"a.txt": {"text": "<img src=x onerror=alert(2)>\u200b\n"}}).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'title="zero width space"' in page


def test_the_second_editor_may_save_without_the_changes_of_the_first(browser: Client, author: User) -> None:
    publish(files={"a.txt": "a\n"})
    services.edit_version(Skill.objects.get(), 1, {"new.txt": b"theirs"}, user=author, expected_latest=1)

    answer = save(browser, {"a.txt": {"text": "mine\n"}})
    assert answer.status_code == 409
    browser.post(address(1), {"edits": answer.context["edits"], "note": "", "expected_latest": 2})
    assert set(files(3)) == {"SKILL.md", "a.txt"}
    assert set(files(2)) == {"SKILL.md", "a.txt", "new.txt"}


def test_changes_that_do_not_fit_on_top_are_told_and_kept(browser: Client, author: User) -> None:
    publish(files={"a.txt": "a\n"})
    made_meanwhile(author, {"B.txt": b"theirs"})

    answer = save(browser, {"a.txt": None, "b.txt": {"text": "mine"}})
    page = text_of(answer)
    assert "Your changes cannot be applied to the newest version" in page
    assert "path-collision" in page
    assert "mine" in json.loads(merge(browser, answer, edit="1").context["edits_json"])["b.txt"]["text"]
    refused = merge(browser, answer)
    assert refused.status_code == 422
    assert "mine" in refused.context["edits_json"]


def test_a_script_is_told_where_the_new_version_is_or_that_nothing_was_saved(browser: Client) -> None:
    publish()
    data = {"edits": json.dumps({"a.txt": {"text": "x"}}), "note": "", "expected_latest": 1}
    headers = {"accept": "application/json"}
    assert browser.post(address(), data, headers=headers).json() == {"saved": True, "url": address(2, "")}
    again = browser.post(address(), data, headers=headers)
    assert (again.status_code, again.json()) == (409, {"saved": False})


@pytest.mark.parametrize("edits", ["[]", '{"a": 1}', "{", '{"a": {"text": "\\ud800"}}'])
def test_edits_that_cannot_be_meant_change_nothing(browser: Client, edits: str) -> None:
    publish()
    answer = browser.post(address(), {"edits": edits, "note": "kept", "expected_latest": 1})
    assert answer.status_code == 422
    assert "kept" in text_of(answer)
    assert SkillVersion.objects.count() == 1


def check(browser: Client, body: Any, number: int = 1) -> Any:
    return browser.post(address(number, "edit/check/"), json.dumps(body), content_type="application/json")


def test_edits_are_checked_by_the_rules_of_packages_without_saving(browser: Client) -> None:
    publish(files={"a.txt": "a"})
    edits = {"SKILL.md": {"text": skill_md(body="Run !`date`.", colour="blue")}, "A.txt": {"text": "x"}}

    told = check(browser, {"edits": edits, "path": "SKILL.md"}).json()
    assert [(error["code"], error["file"]) for error in told["errors"]] == [("path-collision", "a.txt")]
    assert [warning["code"] for warning in told["warnings"]] == ["field-unknown"]
    del edits["A.txt"]
    told = check(browser, {"edits": edits, "path": "SKILL.md"}).json()
    assert [(finding["code"], finding["line"]) for finding in told["findings"]] == [("dynamic-command", 7)]
    assert told["tokens"]["call"] > 0
    assert SkillVersion.objects.count() == 1


def test_markdown_is_previewed_without_what_could_run(browser: Client) -> None:
    publish()
    text = skill_md(body="# Hi\n\n<script>alert(1)</script> [x](javascript:alert(1))")
    preview = check(browser, {"edits": {"SKILL.md": {"text": text}}, "path": "SKILL.md"}).json()["preview"]
    assert "<h1>Hi</h1>" in preview
    assert "<script" not in preview
    assert 'href="javascript' not in preview
    assert "name: greeter" not in preview
    edits = {"a.md": {"text": "*x*"}, "a.py": {"text": "x = 1"}}
    assert "<em>x</em>" in check(browser, {"edits": edits, "path": "a.md"}).json()["preview"]
    assert check(browser, {"edits": edits, "path": "a.py"}).json()["preview"] is None


def test_a_check_says_when_somebody_made_a_version_meanwhile(browser: Client, author: User) -> None:
    publish()
    assert check(browser, {"edits": {}}).json()["newest"] == {"number": 1, "by": ""}
    services.create_version(package(body="two"), user=author)
    assert check(browser, {"edits": {}}).json()["newest"] == {"number": 2, "by": "arno"}


@pytest.mark.parametrize("body", [None, [], {}, {"edits": []}, {"edits": {"a": 1}}])
def test_a_check_of_what_cannot_be_meant_is_refused(browser: Client, body: Any) -> None:
    publish()
    assert check(browser, body).status_code == 400


def test_the_editor_gets_texts_and_nothing_else(browser: Client) -> None:
    publish(files={"a.txt": "text", "b.bin": b"\0", "big.txt": "x" * 1_100_000})

    def text(path: str) -> Any:
        return browser.get(address(1, "edit/text/"), {"path": path}).json()["text"]

    assert (text("a.txt"), text("b.bin"), text("big.txt"), text("../v1.json")) == ("text", None, None, None)


def test_files_that_are_not_there_cannot_be_edited(browser: Client) -> None:
    publish()
    assert browser.get(address() + "?file=nothing.txt").status_code == 404
    assert browser.get(address(9)).status_code == 404
    assert save(browser, {"x": {"from": "nothing.txt"}}).status_code == 404


def test_only_who_may_upload_edits(author: User, client: Client) -> None:
    publish()
    client.force_login(author)
    pages = [address(), address(1, "edit/text/")]
    assert [client.get(page).status_code for page in pages] == [200, 200]
    author.user_permissions.remove(*author.user_permissions.filter(codename="upload_skill"))
    assert [client.get(page).status_code for page in pages] == [403, 403]
    assert client.post(address(), {"edits": "{}", "expected_latest": 1}).status_code == 403
    assert check(client, {"edits": {}}).status_code == 403


def test_the_editor_of_many_files_takes_few_queries(browser: Client, django_assert_num_queries: Any) -> None:
    publish(files={f"{number}.txt": "x" for number in range(200)})
    page = address()
    with django_assert_num_queries(4):  # session, user, the version with its skill, the newest version
        assert browser.get(page).status_code == 200


def test_long_text_is_previewed_as_far_as_typing_stays_quick(browser: Client) -> None:
    publish()
    text = skill_md(body="# Begin\n\n" + "word **bold**\n\n" * 20_000)
    asked = {"edits": {"SKILL.md": {"text": text}}, "path": "SKILL.md"}
    answer = browser.post(address(page="edit/check/"), json.dumps(asked), content_type="application/json").json()
    assert answer["preview"].startswith("<h1>Begin</h1>")
    assert answer["preview"].endswith('<p class="sk-quiet">The preview is truncated here.</p>')
    assert len(answer["preview"]) < 150_000
    assert answer["errors"] == []


def test_files_that_are_no_text_are_added_and_replaced(browser: Client) -> None:
    publish(files={"logo.bin": b"\0old"})
    encoded = base64.b64encode(b"\0new").decode()
    save(browser, {"logo.bin": {"base64": encoded}, "assets/more.bin": {"base64": encoded}})
    assert {name: content for name, content in files(2).items() if name.endswith(".bin")} == {
        "logo.bin": b"\0new",
        "assets/more.bin": b"\0new",
    }


def test_file_is_added_and_replaced_without_a_script(browser: Client) -> None:
    publish(files={"logo.bin": b"\0old"})
    form = {"expected_latest": 1, "note": "", "edits": "{}"}
    replaced = {"path": "logo.bin", "new_path": "logo.bin", "content": SimpleUploadedFile("x", b"\0new")}
    browser.post(address(), {**form, **replaced})
    assert files(2)["logo.bin"] == b"\0new"
    added = {"path": "", "new_path": "more.bin", "text": "", "content": SimpleUploadedFile("x", b"\0more")}
    browser.post(address(2), {**form, "expected_latest": 2, **added})
    assert files(3)["more.bin"] == b"\0more"
    too_large = {**added, "content": SimpleUploadedFile("x", bytes(1024 * 1024 + 1))}
    answer = browser.post(address(3), {**form, "expected_latest": 3, **too_large})
    assert "larger than 1 MB" in text_of(answer)
    assert SkillVersion.objects.count() == 3


def test_what_changes_is_shown_before_it_is_saved(browser: Client) -> None:
    publish(files={"a.txt": "a\n"})
    page = save(browser, {"a.txt": {"text": "changed\n"}}, note="kept", preview="1")
    assert page.status_code == 200
    assert "Nothing has been saved yet." in text_of(page)
    assert "changed" in text_of(page)
    assert SkillVersion.objects.count() == 1

    kept = {name: page.context[name] for name in ("edits", "note", "expected_latest")}
    assert "kept" in text_of(browser.post(address(), {**kept, "resume": "1"}))
    browser.post(address(), kept)
    assert files(2)["a.txt"] == b"changed\n"


def test_preview_of_what_cannot_be_saved_says_what_to_mend(browser: Client) -> None:
    publish()
    page = save(browser, {"SKILL.md": {"text": skill_md("other")}}, preview="1")
    assert page.status_code == 422
    assert "name-changed" in text_of(page)


def test_version_that_came_meanwhile_is_noticed_after_the_preview(browser: Client, author: User) -> None:
    publish(files={"a.txt": "a\n"})
    page = save(browser, {"a.txt": {"text": "mine\n"}}, preview="1")
    services.edit_version(Skill.objects.get(), 1, {"a.txt": b"theirs\n"}, user=author, expected_latest=1)
    kept = {name: page.context[name] for name in ("edits", "note", "expected_latest")}
    assert browser.post(address(), kept).status_code == 409
    resumed = browser.post(address(), {**kept, "resume": "1"})
    assert resumed.context["form"].initial["expected_latest"] == 1


def test_replacing_what_somebody_else_wrote_is_not_the_first_choice(browser: Client, author: User) -> None:
    publish(files={"a.txt": "a\n", "b.txt": "b\n"})
    services.edit_version(Skill.objects.get(), 1, {"a.txt": b"theirs\n"}, user=author, expected_latest=1)
    primary = r'<button[^>]*class="sk-button sk-primary"[^>]*>([^<]*)<'
    for edits in ({"a.txt": {"text": "mine\n"}}, {"b.txt": {"text": "mine\n"}}):
        page = save(browser, edits)
        assert re.findall(primary, page.text) == ["Save the merged version"]
        assert "checked" not in page.text
