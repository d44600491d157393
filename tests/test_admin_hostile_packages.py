"""Packages and calls that mean harm: nothing of what they say becomes part of a page's markup."""

from __future__ import annotations

import io
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from invocations.events import InvocationEvent
from invocations.stores import get_store
from skills_registry.models import Skill

from .conftest import publish
from .support.packages import skill_md, zip_of
from .support.pages import LOG, SKILLS, staged, text_of

pytestmark = pytest.mark.django_db


SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
LINK = "javascript:alert(1)"
BREAKOUT = "\"'><svg onload=alert(1)>"


class _Markup(HTMLParser):
    """Collects what could run: handlers, script addresses, scripts with text, and embedded documents."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        if tag in ("iframe", "object", "embed", "base"):
            self.dangers.append(tag)
        for name, value in attributes:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:", "vbscript:")):
                self.dangers.append(f"{tag} {name}={value}")
        if tag == "img" and ("src", "x") in attributes:
            self.dangers.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and "alert" in data:
            self.dangers.append(data)


def assert_harmless(answer: Any, *shown: str) -> None:
    """The page holds these texts as text, and nothing that runs."""
    markup = _Markup()
    markup.feed(answer.text)
    assert markup.dangers == []
    text = text_of(answer)
    for part in shown:
        assert part in text


@pytest.mark.parametrize("page", [SCRIPT, IMAGE, f"<a href='{LINK}'>x</a>", "<svg onload=alert(1)>"])
def test_watch_for_harm_sees_it(page: str) -> None:
    class Answer:
        text = page

    with pytest.raises(AssertionError):
        assert_harmless(Answer())


HOSTILE_BODY = f"""# Title {SCRIPT}

{IMAGE}

[click]({LINK}) [data](data:text/html;base64,PHNjcmlwdD4=) [upper](JaVaScRiPt:alert(1)) <{LINK}>

![tracker](https://evil.example/pixel.png) [break](https://a.example/"onmouseover=alert(1))

`{SCRIPT}`

<iframe src="{LINK}"></iframe> <a href="{LINK}" onclick="alert(1)">x</a> <style>body{{display:none}}</style>

Run !`echo {SCRIPT}`.
"""


@pytest.fixture
def hostile(browser: Client) -> str:
    """The address of the review of a valid package with markup wherever there can be text."""
    text = skill_md(
        body=HOSTILE_BODY,
        description=f"'Helps. {SCRIPT} {IMAGE}'",
        license=f"'{BREAKOUT.replace(chr(39), '')} {SCRIPT}'",
        colour=f"'{IMAGE}'",
    )
    text = text.replace("colour:", f"'{IMAGE}':", 1) + "\n"
    files = {"SKILL.md": text, f"assets/{IMAGE}.md": "x", "references/a&amp;b'.md": "x"}
    return staged(browser, zip_of(files), f"{IMAGE}.zip")


def test_review_of_a_hostile_package_shows_its_text_as_text(browser: Client, hostile: str) -> None:
    answer = browser.get(hostile)

    assert_harmless(
        answer,
        SCRIPT,
        f"Helps. {SCRIPT} {IMAGE}",
        f"{IMAGE}.md",
        "a&amp;b'.md",
        f"echo {SCRIPT}",
        f'<iframe src="{LINK}">',
    )
    assert f"Inspect {IMAGE}.zip" in text_of(answer)
    assert "evil.example" not in answer.text[: answer.text.index("SKILL.md</h2>")]
    assert "<img" not in answer.text[answer.text.index("SKILL.md</h2>") :]
    assert "<style>body" not in answer.text


def test_every_other_page_shows_the_text_of_a_hostile_package_as_text(browser: Client, hostile: str) -> None:
    publish(body="harmless")
    note = f"{SCRIPT} {IMAGE} {BREAKOUT}"
    browser.post(hostile, {"create": "", "note": note, "expected_live": "1"})
    skill = Skill.objects.get()

    confirmation = browser.get(f"{SKILLS}{skill.pk}/publish/2/")
    assert_harmless(confirmation, f"Helps. {SCRIPT} {IMAGE}", f"assets/{IMAGE}.md")
    answer = browser.post(f"{SKILLS}{skill.pk}/publish/2/", {"reason": note, "expected_live": "1"}, follow=True)
    assert_harmless(answer, f"Helps. {SCRIPT} {IMAGE}")
    assert_harmless(browser.get(f"{SKILLS}{skill.pk}/versions/"), note)
    assert_harmless(browser.get(f"{SKILLS}{skill.pk}/history/"), note)
    assert_harmless(browser.get(f"{SKILLS}{skill.pk}/versions/2/"), note, f"{IMAGE}.md", f"Helps. {SCRIPT} {IMAGE}")
    assert_harmless(browser.get(SKILLS), "greeter")


def test_reasons_of_a_refusal_quote_a_hostile_package_as_text(browser: Client) -> None:
    content = zip_of({"SKILL.md": f"---\nname: '{SCRIPT}'\n---\n", f"../{IMAGE}": "x"})

    assert_harmless(browser.get(staged(browser, content)), f"../{IMAGE}")


def test_names_of_entries_that_are_no_text_are_shown_harmlessly(browser: Client) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("SKILL.md", skill_md())
        archive.writestr(f"a\x1b[31m\u202egpj{SCRIPT}.exe", "x")

    answer = browser.get(staged(browser, buffer.getvalue()))
    assert_harmless(answer, SCRIPT.replace("/", "")[:8])
    assert "\x1b" not in answer.text
    assert "\u202e" not in answer.text


def test_discarding_and_losing_an_upload_quote_its_name_as_text(browser: Client, store: Path) -> None:
    assert_harmless(browser.post(staged(browser, b"x", f"{IMAGE}.zip"), {"discard": ""}, follow=True), IMAGE)

    lost = staged(browser, b"x", f"{IMAGE}.zip")
    next((store / "uploads").iterdir()).unlink()
    assert_harmless(browser.get(lost, follow=True), IMAGE)


def test_log_shows_what_a_hostile_agent_sent_as_text(browser: Client) -> None:
    now = publish().created_at
    fields: dict[str, Any] = {
        "error_message": IMAGE,
        "client": SCRIPT,
        "caller": BREAKOUT,
        "request_params": SCRIPT,
        "trace_id": IMAGE,
    }
    event = InvocationEvent(SCRIPT, "tools/call", "error", now, 1.0, **fields)
    get_store().write_batch([event])

    assert_harmless(browser.get(LOG), SCRIPT, IMAGE, BREAKOUT)
    assert_harmless(
        browser.get(f"{LOG}call/", {"skill": SCRIPT, "at": f"{now.isoformat()}_{event.id}"}), SCRIPT, IMAGE, BREAKOUT
    )
    assert_harmless(browser.get(LOG, {"skill": BREAKOUT}))
