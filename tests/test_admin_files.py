"""The files of a skill in the admin: a tree, what is in each, and downloads of one or of all."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client

from skills_registry import services

from .conftest import publish
from .support.packages import package
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
def pk(db: None) -> int:
    """v1 is live and has all kinds of files, v2 waits and has SKILL.md alone."""
    files: dict[str, str | bytes] = {
        "scripts/run.py": 'def run():\n    return "<script>alert(1)</script>"\n',
        "references/long.md": "# Long\n\nSome *words*.\n",
        "assets/pixel.png": PIXEL,
        "assets/drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "assets/data.bin": b"\0\1\2",
        "assets/huge.txt": "a\n" * 600_000,
        "assets/hidden.txt": "before\u200bafter",
        "assets/empty.txt": "",
        "assets/100% #1 ü?.txt": "odd",
    }
    skill = publish(body="# Hello\n\nGreet *everybody*.", files=files).skill
    services.create_version(package(body="# Young"))
    return skill.pk


def test_tab_shows_skill_md_of_the_live_version_and_the_tree(browser: Client, pk: int) -> None:
    page = browser.get(f"{SKILLS}{pk}/files/", follow=True)
    assert "<h1>Hello</h1>" in page.text
    assert "10 files" in text_of(page)
    links = re.findall(rf'href="{SKILLS}{pk}/files/1/([^"]+)"', page.text[page.text.index("sk-tree") :])
    assert links[:2] == ["assets/100%25%20%231%20%C3%BC%3F.txt", "assets/data.bin"]
    assert "SKILL.md" in links


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("SKILL.md?raw", "description: Greets people."),
        ("scripts/run.py", '<span class="hl-k">def</span>'),
        ("scripts/run.py", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("references/long.md", "<em>words</em>"),
        ("references/long.md?raw", "*words*"),
        ("assets/pixel.png", '<img src="{list}{pk}/versions/1/file/assets/pixel.png" alt="assets/pixel.png">'),
        ("assets/drawing.svg", '<img src="{list}{pk}/versions/1/file/assets/drawing.svg"'),
        ("assets/data.bin", "This is a binary file."),
        ("assets/huge.txt", "This file is too large to show here."),
        ("assets/hidden.txt", 'before<span class="sk-invisible" title="zero width space">U+200B</span>after'),
        ("assets/empty.txt", "This file is empty."),
        ("assets/100%25%20%231%20%C3%BC%3F.txt", "odd"),
    ],
)
def test_each_kind_of_file_is_shown_as_it_should(browser: Client, pk: int, path: str, shown: str) -> None:
    page = browser.get(f"{SKILLS}{pk}/files/1/{path}").text
    assert shown.format(list=SKILLS, pk=pk) in page
    assert "<script>alert" not in page
    assert "style=" not in page[page.index("sk-browser") :]


LINKS = {
    "[a](references/long.md)": '<a href="{list}{pk}/files/1/references/long.md" rel="noopener noreferrer">a</a>',
    "[b](./scripts/../scripts/run.py#L2)": '<a href="{list}{pk}/files/1/scripts/run.py#L2" rel="noopener noreferrer">b',
    "[c](assets/100%25%20%231%20%C3%BC%3F.txt)": 'files/1/assets/100%25%20%231%20%C3%BC%3F.txt" rel',
    "[d](https://a.example/x.md)": '<a href="https://a.example/x.md"',
    "[e](#part)": '<a href="#part"',
    "[*f*](nothing.md)": "<em>f</em>",
    "[g](../../admin/logout/)": "g",
    "[h](/admin/logout/)": "h",
    "[i](assets)": "i",
    "![j](assets/pixel.png)": '<img src="{list}{pk}/versions/1/file/assets/pixel.png" alt="j">',
    "![k](assets/data.bin)": "k",
    "![l](nothing.png)": "l",
    "![m](https://a.example/pixel.png)": "m",
    "![n](//a.example/pixel.png)": "n",
    "[![o](assets/pixel.png)](nothing.md)": '<img src="{list}{pk}/versions/1/file/assets/pixel.png" alt="o">',
    "[p](http://[)": '<a rel="noopener noreferrer">p</a>',
}
"""Markdown, and what it becomes in SKILL.md of the version below."""


def test_links_of_a_text_lead_to_the_files_of_its_version(browser: Client) -> None:
    files: dict[str, str | bytes] = {
        "references/long.md": "[up](../SKILL.md) ![p](../assets/pixel.png) [beside](run.py)",
        "scripts/run.py": "",
        "assets/pixel.png": PIXEL,
        "assets/data.bin": b"\0",
        "assets/100% #1 ü?.txt": "odd",
    }
    body = "\n\n".join(LINKS)
    pk = publish(body=body, files=files).skill.pk
    for page in ("change/", "files/1/", "versions/1/"):
        prose = re.search(
            r'<div class="sk-prose" dir="auto">(.*?)</div>', browser.get(f"{SKILLS}{pk}/{page}").text, re.S
        )
        assert prose
        shown = [line.removeprefix("<p>").removesuffix("</p>") for line in prose[1].strip().splitlines()]
        for line, expected in zip(shown, LINKS.values(), strict=True):
            wanted = expected.format(list=SKILLS, pk=pk)
            assert line == wanted if len(wanted) == 1 else wanted in line, (line, wanted)

    below = browser.get(f"{SKILLS}{pk}/files/1/references/long.md").text
    assert f'<a href="{SKILLS}{pk}/files/1/SKILL.md" rel="noopener noreferrer">up</a>' in below
    assert f'<img src="{SKILLS}{pk}/versions/1/file/assets/pixel.png" alt="p"> beside</p>' in below


@pytest.mark.parametrize(
    "path",
    [
        "1/nothing.md", "1/../../../../etc/passwd", "1/..%2f..%2fv2%2fSKILL.md", "1//etc/passwd", "1/assets",
        "1/assets/", "1/skill.md", "1/SKILL.md%00", "3/", "?number=3", "?number=99999999999999999999999",
    ],
)  # fmt: skip
def test_only_files_of_the_version_are_read(browser: Client, pk: int, path: str) -> None:
    assert browser.get(f"{SKILLS}{pk}/files/{path}").status_code == 404


def test_another_version_can_be_chosen_and_the_file_stays_where_it_is_there(browser: Client, pk: int) -> None:
    def led_to(path: str, number: int) -> str:
        answer = browser.get(f"{SKILLS}{pk}/files/", {"number": str(number), "path": path})
        return str(answer.headers["location"]).removeprefix(f"{SKILLS}{pk}/files/")

    assert led_to("scripts/run.py", 1) == "1/scripts/run.py"
    assert led_to("scripts/run.py", 2) == "2/SKILL.md"
    assert "<h1>Young</h1>" in browser.get(f"{SKILLS}{pk}/files/2/").text


def test_a_file_and_the_whole_version_can_be_downloaded(browser: Client, pk: int) -> None:
    picture = browser.get(f"{SKILLS}{pk}/versions/1/file/assets/pixel.png", {"download": ""})
    assert picture.headers["content-disposition"] == 'attachment; filename="pixel.png"'
    assert picture.content == PIXEL
    answer = browser.get(f"{SKILLS}{pk}/versions/1/zip/")
    assert answer.headers["content-disposition"] == 'attachment; filename="greeter-v1.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert len(archive.namelist()) == 10
        assert archive.read("greeter/assets/pixel.png") == PIXEL


def test_hundreds_of_files_are_folded_but_for_the_one_looked_at(
    browser: Client, django_assert_num_queries: Any
) -> None:
    files = {f"part-{number % 20}/note-{number}.txt": "text" for number in range(500)}
    skill = publish(files=files).skill
    # Expect: session, user, skill, version, and the numbers to choose from.
    with django_assert_num_queries(5):
        page = browser.get(f"{SKILLS}{skill.pk}/files/1/part-3/note-3.txt").text
    assert page.count("<details open>") == 1
    assert page.count('aria-current="page"><bdi>note-3.txt') == 1


def test_what_nobody_would_see_is_written_out_beside_the_text_too(browser: Client) -> None:
    pk = publish(files={"a\u200bb.txt": "x"}, description="Does\u200bnt. Use it.", colour="bl\u200bue").skill.pk
    shown = '<span class="sk-invisible" title="zero width space">U+200B</span>'
    version, overview = browser.get(f"{SKILLS}{pk}/versions/1/").text, browser.get(f"{SKILLS}{pk}/change/").text
    assert f"a{shown}b.txt" in version
    for page in (version, overview):
        assert f"bl{shown}ue" in page
        assert "\u200b" not in page
    assert overview.count(f"Does{shown}nt. Use it.") == 2


def test_skill_without_versions_has_an_empty_tab(browser: Client) -> None:
    version, _ = services.create_version(package())
    services.delete_version(version)
    assert "No version is stored yet." in text_of(browser.get(f"{SKILLS}{version.skill.pk}/files/"))
