"""Markdown as reviewers see it: coloured code, lists of tasks, footnotes, and nothing that a package could run."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from .conftest import publish
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db


def shown(browser: Client, body: str) -> str:
    """The HTML of the instructions on the page of their version."""
    version = publish(body=body)
    page = browser.get(f"{SKILLS}{version.skill_id}/versions/{version.number}/").text
    found = re.search(r'<div class="sk-prose" dir="auto">(.*?)</div>', page, re.S)
    assert found
    return found[1].strip()


@pytest.mark.parametrize(
    ("fence", "html"),
    [
        ("```python\ndef run(): pass\n```", '<span class="hl-k">def</span>'),
        ("```py title=x\ndef run(): pass\n```", '<span class="hl-k">def</span>'),
        ("~~~JSON\n[true]\n~~~", '<span class="hl-kc">true</span>'),
        ("```sh\necho '<b>'\n```", "&lt;b&gt;"),
        ("```nothing-known\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("```\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("    def run", "<pre><code>def run\n</code></pre>"),
        ("```python\nx = 'a\u200bb'\n```", '<span class="sk-invisible" title="zero width space">U+200B</span>'),
        ("````text\n```py\n1\n```\n````", "```py"),
    ],
)
def test_fenced_code_is_coloured_by_its_language(browser: Client, fence: str, html: str) -> None:
    assert html in shown(browser, fence)


def test_code_in_more_fences_than_are_coloured_is_shown_plain(browser: Client) -> None:
    long = "```text\n" + "a\n" * 4_000 + "```\n\n"
    html = shown(browser, "```py\ndef run(): pass\n```\n\n" + long * 3 + "```py\ndef go(): pass\n```")
    assert '<span class="hl-nf">run</span>' in html
    assert html.endswith("<pre><code>def go(): pass\n</code></pre>")


def test_lexer_that_takes_too_long_costs_the_colours_alone(browser: Client) -> None:
    slow = "```tf\n" + ("a" * 4_900 + "\n") * 6 + "```"
    html = shown(browser, f"# Read *me*\n\n{slow}")
    assert html.startswith("<h1>Read <em>me</em></h1>")
    assert "a" * 4_900 in html


def test_tasks_are_boxes_that_cannot_be_ticked_and_have_their_text_as_label(browser: Client) -> None:
    html = shown(browser, "- [ ] write *it*\n- [x] read <b>it</b>\n- [y] no task")
    boxes = [sorted(box.split()) for box in re.findall(r"<input ([^>]*)>", html)]
    assert boxes == [['disabled=""', 'type="checkbox"'], ['checked="checked"', 'disabled=""', 'type="checkbox"']]
    assert '<li class="task-list-item"><label>' in html
    assert "write <em>it</em></label></li>" in html
    assert "&lt;b&gt;it&lt;/b&gt;" in html
    assert "<li>[y] no task</li>" in html


def test_footnotes_lead_down_and_back(browser: Client) -> None:
    html = shown(browser, "Once.[^why] Twice.[^why]\n\n[^why]: Since it is *so*.\n[^never]: Not referred to.")
    assert '<sup class="footnote-ref"><a href="#fn1" id="fnref1" rel="noopener noreferrer">[1]</a></sup>' in html
    assert '<li id="fn1" class="footnote-item">' in html
    assert '<a href="#fnref1"' in html
    assert '<a href="#fnref1:1"' in html
    assert "Since it is <em>so</em>." in html
    assert "Not referred to" not in html


def test_links_in_footnotes_and_tasks_lead_to_files_of_the_version(browser: Client) -> None:
    html = shown(browser, "- [x] [a](nothing.md)\n\nx[^1]\n\n[^1]: [me](SKILL.md) [gone](nothing.md)")
    assert "/files/1/SKILL.md" in html
    assert "nothing.md" not in html


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "- [x] <input autofocus onfocus=alert(1)>",
        '```"><script>alert(1)</script>\nx\n```',
        "```html\n<script>alert(1)</script>\n```",
        'x[^"><script>alert(1)</script>]\n\n[^"><script>alert(1)</script>]: y',
        "x[^1]\n\n[^1]: [y](javascript:alert(1)) <img src=x onerror=alert(1)>",
    ],
)
def test_nothing_that_runs_comes_through(browser: Client, body: str) -> None:
    html = shown(browser, body)
    tags = re.findall(r"<[^>]*>", html)
    assert not [tag for tag in tags if re.search(r"script|\son\w+=|autofocus|javascript:", tag)], tags


def test_numbers_of_footnotes_are_no_ids_of_the_page(browser: Client) -> None:
    version = publish(body="x[^content]\n\n[^content]: y")
    page: Any = browser.get(f"{SKILLS}{version.skill_id}/versions/1/")
    ids = re.findall(r'\sid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))
    assert "[1]" in text_of(page)
