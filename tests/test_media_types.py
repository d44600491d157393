"""The media type of a file: by name where the name says it, else by content."""

from __future__ import annotations

import mimetypes

import pytest

from skills_registry.media_types import decode_text, media_type


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("SKILL.md", b"", "text/markdown"),
        ("docs/READ.MD", b"", "text/markdown"),
        ("scripts/run.py", b"", "text/x-python"),
        ("scripts/run.sh", b"", "application/x-sh"),
        ("scripts/app.js", b"", "text/javascript"),
        ("scripts/app.ts", b"", "text/typescript"),
        ("data.json", b"", "application/json"),
        ("data.yaml", b"", "application/yaml"),
        ("logo.svg", b"", "image/svg+xml"),
        ("logo.webp", b"", "image/webp"),
        ("form.docx", b"", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("archive.tar.gz", b"", "application/gzip"),
        ("LICENSE", b"text", "text/plain"),
        ("LICENSE", b"\xff\xfe", "application/octet-stream"),
        ("unknown.xyzzy", b"a\0b", "application/octet-stream"),
        (".gitignore", b"*.pyc", "text/plain"),
        ("data:text/html,x", b"text", "text/plain"),
        ("data:text/evil;x=.png", b"text", "image/png"),
    ],
)
def test_a_media_type_is_guessed(path: str, content: bytes, expected: str) -> None:
    assert media_type(path, content) == expected


def test_the_machines_own_table_does_not_matter() -> None:
    mimetypes.add_type("text/surprise", ".md")
    try:
        assert media_type("a.md", b"") == "text/markdown"
    finally:
        mimetypes.init()


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"caf\xc3\xa9\r\n", "caf\u00e9\r\n"), (b"\xef\xbb\xbfx", "\ufeffx"), (b"", ""), (b"a\0b", None), (b"\xff", None)],
)
def test_text_is_what_survives_the_way_there_and_back(content: bytes, text: str | None) -> None:
    assert decode_text(content) == text
    assert text is None or text.encode() == content
