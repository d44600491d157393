"""Two versions of a skill compared, or a zip that waits with what is live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.admin import comparison
from skills_registry.models import Skill
from skills_registry.packages.archive import read_archive
from skills_registry.packages.zip_writing import write_zip

from .conftest import publish
from .support.packages import skill_md, zip_of
from .support.pages import SKILLS, staged, text_of

pytestmark = pytest.mark.django_db


def compare(browser: Client, query: str = "", name: str = "greeter", **headers: str) -> Any:
    return browser.get(f"{SKILLS}{Skill.objects.get(name=name).pk}/compare/{query}", headers=headers)


def test_files_that_differ_come_first_and_then_their_lines_with_the_words_marked(browser: Client) -> None:
    publish(body="Say hello to all.", files={"a.txt": "1\n", "gone.txt": "x", "old/name.txt": "moved"})
    publish(body="Say goodbye to all.", files={"a.txt": "1\n", "come.txt": "y", "new/name.txt": "moved"})

    answer = compare(browser)
    page = text_of(answer)
    assert "Compare v1 with v2" in page
    assert "1 changed 1 added 1 removed 1 renamed" in page
    assert "a.txt" not in page
    assert page.index("Changed files") < page.index("Say")
    assert "Say <del>hello</del> to all." in answer.text
    assert "Say <ins>goodbye</ins> to all." in answer.text
    assert "Renamed from old/name.txt without changes" in page


def test_the_live_version_is_compared_with_the_newest_unless_told_otherwise(browser: Client) -> None:
    for body in ("one", "two", "three"):
        publish(body=body)
    browser.post(f"{SKILLS}{Skill.objects.get().pk}/publish/1/", {"reason": "", "expected_live": "3"})

    assert "Compare v1 with v3" in text_of(compare(browser))
    assert "Compare v3 with v2" in text_of(compare(browser, "?from=3&to=v2"))
    assert "Compare v2 with v2" in text_of(compare(browser, "?from=2&to=2"))
    assert "No files differ." in text_of(compare(browser, "?from=2&to=2"))


@pytest.mark.parametrize("query", ["?from=1&to=9", "?from=0&to=1", "?file=nothing.txt", "?file=../../../db.sqlite3"])
def test_what_is_not_there_cannot_be_compared(browser: Client, query: str) -> None:
    publish(body="one")
    publish(body="two")
    assert compare(browser, query).status_code == 404


def test_a_single_version_is_compared_with_itself(browser: Client) -> None:
    publish()
    assert "No files differ." in text_of(compare(browser))


def test_columns_are_chosen_by_the_address_and_remembered(browser: Client) -> None:
    publish(body="one")
    publish(body="two")

    assert "sk-split" not in compare(browser).text
    assert "sk-split" in compare(browser, "?view=split").text
    assert "sk-split" in compare(browser).text
    assert "sk-split" not in compare(browser, "?view=unified").text


LONG = [f"line {number}" for number in range(1, 201)]


def test_unchanged_lines_are_folded_until_their_link_is_followed(browser: Client) -> None:
    publish(body="\n".join(LONG))
    publish(body="\n".join(LONG).replace("line 100", "LINE 100"))

    answer = compare(browser)
    assert "Show 101 unchanged lines" in text_of(answer)
    assert "line 50" not in answer.text
    opened = compare(browser, "?file=SKILL.md&open=0")
    assert "line 50" in opened.text
    assert "line 150" not in opened.text
    assert "line 150" in compare(browser, "?file=SKILL.md&open=all").text


def test_line_ends_and_a_missing_last_one_are_told(browser: Client) -> None:
    publish(files={"a.txt": "one\r\ntwo\r\n"})
    publish(files={"a.txt": "one\ntwo"})

    page = text_of(compare(browser))
    assert "Line endings: CRLF → LF" in page
    assert "no newline at the end" in page


def test_pictures_are_shown_and_other_bytes_are_not_compared(browser: Client) -> None:
    publish(files={"a.png": b"\x89PNG1", "b.bin": b"\0\1"})
    publish(files={"a.png": b"\x89PNG2", "b.bin": b"\0\2"})
    pk = Skill.objects.get().pk

    answer = compare(browser)
    assert f'<img src="{SKILLS}{pk}/versions/1/file/a.png" alt="before"' in answer.text
    assert f'<img src="{SKILLS}{pk}/versions/2/file/a.png" alt="after"' in answer.text
    assert "This is a binary file" in text_of(answer)


def test_files_are_sent_to_be_saved_and_only_pictures_to_be_looked_at(browser: Client) -> None:
    publish(files={"a.svg": "<svg><script>alert(1)</script></svg>", "b.html": "<script>alert(1)</script>"})
    pk = Skill.objects.get().pk

    picture = browser.get(f"{SKILLS}{pk}/versions/1/file/a.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    page = browser.get(f"{SKILLS}{pk}/versions/1/file/b.html")
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in page.headers["content-security-policy"]
    for path in ("../1.json", "..%2F1.json", "nothing"):
        assert browser.get(f"{SKILLS}{pk}/versions/1/file/{path}").status_code == 404


def test_a_large_file_is_compared_when_asked_for(browser: Client) -> None:
    publish(files={"a.txt": "x\n" * 300_000})
    publish(files={"a.txt": "x\n" * 300_000 + "y\n"})

    assert "This file is large" in text_of(compare(browser))
    page = text_of(compare(browser, "?file=a.txt&large"))
    assert "Show 299997 unchanged lines" in page
    assert "+1 \N{MINUS SIGN}0" in page


def test_a_long_file_comes_in_parts_and_a_small_page(browser: Client) -> None:
    publish(body="\n".join(f"word {number} and some more text of a long line" for number in range(7000)))
    publish(body="\n".join(f"Wort {number} and some other text of a long line" for number in range(7000)))

    answer = compare(browser)
    assert "Show more of this file" in text_of(answer)
    assert len(answer.content) < 500_000
    part = compare(browser, "?file=SKILL.md&part&start=6")
    assert "<html" not in part.text
    assert "Wort 500 and some other text" in text_of(part)


def test_of_many_files_the_first_come_with_their_lines_and_the_others_when_looked_at(
    browser: Client, django_assert_num_queries: Any
) -> None:
    publish(files={f"f{number:03}.txt": f"before {number}" for number in range(500)})
    publish(files={f"f{number:03}.txt": f"after {number}" for number in range(500)})

    address = f"{SKILLS}{Skill.objects.get().pk}/compare/"
    with django_assert_num_queries(5):  # session, user, the skill with what is live, its numbers, the two versions
        answer = browser.get(address)
    page = text_of(answer)
    assert "500 changed" in page
    assert "1 to 100 of 500 files" in page
    assert answer.text.count("data-lazy") == 95
    assert len(answer.content) < 250_000
    assert "f499.txt" in text_of(compare(browser, "?page=5"))
    assert "<del>before</del>" in compare(browser, "?file=f300.txt&part").text


def test_only_the_first_file_is_waited_for_where_the_store_is_slow(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(files={f"f{number}.txt": f"before {number}" for number in range(3)})
    publish(files={f"f{number}.txt": f"after {number}" for number in range(3)})
    assert "data-lazy" not in compare(browser).text
    monkeypatch.setattr(comparison, "SECONDS_AT_ONCE", 0)
    assert compare(browser).text.count("data-lazy") == 2


def test_what_nobody_would_see_is_written_out(browser: Client) -> None:
    publish(body="one")
    publish(body="<b>one</b>\u202e hidden \U000e0041")

    answer = compare(browser)
    assert "&lt;b&gt;" in answer.text
    assert ">U+202E</span>" in answer.text
    assert ">U+E0041</span>" in answer.text
    assert "\u202e" not in answer.text


def test_what_changes_for_agents_is_told_first(browser: Client) -> None:
    publish(description="Greets people.")
    publish(description="Greets animals.", disable_model_invocation="true", arguments="who", files={"new.md": "x"})

    answer = compare(browser)
    page = text_of(answer)
    told = page[page.index("What changes for agents") : page.index("1 changed")]
    for text in ("Description", "Callable by models (tool) yes no", "Arguments - who", "new.md"):
        assert text in told
    assert "Greets <ins>animals</ins>." in answer.text


def test_a_zip_that_waits_is_compared_with_what_is_live(browser: Client) -> None:
    publish(body="Say one.", files={"a.png": b"\x89PNG1"})
    review = staged(browser, zip_of({"SKILL.md": skill_md(body="Say two."), "a.png": b"\x89PNG2"}))

    answer = browser.get(f"{review}compare/")
    assert "<ins>two</ins>" in answer.text
    assert browser.get(f"{review}file/a.png").content == b"\x89PNG2"
    assert browser.get(f"{review}file/b.png").status_code == 404


def test_pages_ask_for_permissions(author: User, client: Client, store: Path) -> None:
    publish(body="one", files={"a.txt": "x"})
    client.force_login(author)
    review = staged(client, zip_of({"SKILL.md": skill_md(body="two")}))
    addresses = [
        f"{SKILLS}{Skill.objects.get().pk}/compare/",
        f"{SKILLS}{Skill.objects.get().pk}/versions/1/file/a.txt",
        f"{review}compare/",
        f"{review}file/SKILL.md",
    ]
    assert [client.get(address).status_code for address in addresses] == [200] * 4
    author.user_permissions.clear()
    assert [client.get(address).status_code for address in addresses] == [403] * 4
    client.logout()
    assert [client.get(address).status_code for address in addresses] == [302] * 4


def test_permission_to_run_a_file_is_shown_and_compared(browser: Client) -> None:
    files = {"greeter/SKILL.md": skill_md().encode(), "greeter/run.sh": b"#!/bin/sh\n"}
    for programs in ((), ("greeter/run.sh",)):
        version, created = services.create_version(read_archive(write_zip(files.items(), programs)))
        assert created
    page = text_of(compare(browser, "?from=1&to=2"))
    assert "1 with changed permission" in page
    assert "run.sh permission terminal now executable" in page
    assert "only the executable permission differs" in page
    assert "no longer executable" in text_of(compare(browser, "?from=2&to=1"))
    of_version = f"{SKILLS}{version.skill_id}/versions/"
    assert "run.sh terminal executable" in text_of(browser.get(f"{of_version}2/"))
    assert "executable" not in text_of(browser.get(f"{of_version}1/"))
    assert "executable" in text_of(browser.get(f"{SKILLS}{version.skill_id}/files/2/run.sh"))
