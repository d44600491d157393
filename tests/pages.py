"""The admin's pages as their tests read them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

SKILLS = "/admin/skills_registry/skill/"
LOG = "/admin/invocations/invocation/"


def upload(browser: Client, content: bytes, filename: str = "greeter.zip") -> Any:
    """The answer to the first step."""
    return browser.post(f"{SKILLS}upload/", {"file": SimpleUploadedFile(filename, content)})


def staged(browser: Client, content: bytes, filename: str = "greeter.zip") -> str:
    """The address of the review of an upload."""
    answer = upload(browser, content, filename)
    assert answer.status_code == 302
    return str(answer.headers["location"])


def text_of(answer: Any) -> str:
    """What a page says, as people read it."""
    reader = _Text()
    reader.feed(answer.text)
    return " ".join(" ".join(reader.parts).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def told(answer: Any) -> list[str]:
    """The messages at the top of a page."""
    return [str(message) for message in answer.context["messages"]]
