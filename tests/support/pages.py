"""Helpers that use and read the admin's pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

SKILLS = "/admin/skills_registry/skill/"
LOG = "/admin/invocations/invocation/"


def upload(browser: Client, content: bytes, filename: str = "greeter.zip") -> Any:
    """Upload a file; return the response."""
    return browser.post(f"{SKILLS}upload/", {"file": SimpleUploadedFile(filename, content)})


def staged(browser: Client, content: bytes, filename: str = "greeter.zip") -> str:
    """Upload a file; return the URL of its inspection page."""
    answer = upload(browser, content, filename)
    assert answer.status_code == 302
    return str(answer.headers["location"])


def text_of(answer: Any) -> str:
    """Return the visible text of a page."""
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
    """Return the messages at the top of a page."""
    return [str(message) for message in answer.context["messages"]]


def rows(answer: Any) -> list[list[str]]:
    """Return the cell texts of a page's list, by row."""
    reader = _Rows()
    reader.feed(answer.text)
    return [[" ".join("".join(cell).split()) for cell in row] for row in reader.rows if row]


class _Rows(HTMLParser):
    """Parses the body of `table#result_list`, without icons and texts for screen readers."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self._in_table = self._in_body = self._in_cell = False
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_table = self._in_table or given.get("id") == "result_list"
        self._in_body = self._in_body or (self._in_table and tag == "tbody")
        if not self._in_body:
            return
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append([])
            self._in_cell = True
        elif self._skipped or "material-symbols-outlined" in (given.get("class") or ""):
            self._skipped += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell, self._skipped = False, 0
        elif tag == "table":
            self._in_table = self._in_body = False
        elif self._skipped:
            self._skipped -= 1

    def handle_data(self, data: str) -> None:
        if self._in_cell and not self._skipped:
            self.rows[-1][-1].append(data)
