"""Samples too large to be files: the code that is expected, and what makes the bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from .zip_writer import SKILL, SKILL_MD, Item, zipped

MEBIBYTE = 1024 * 1024


def _deflated(**contents: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("SKILL.md", SKILL_MD)
        for name, content in contents.items():
            archive.writestr(name, content)
    return data.getvalue()


OVERSIZED_ARCHIVES: dict[str, Callable[[], bytes]] = {
    "archive-too-large--33-mebibytes": lambda: zipped(SKILL, Item("noise.bin", bytes(33 * MEBIBYTE))),
    "package-too-large--one-file": lambda: zipped(SKILL, Item("noise.bin", bytes(17 * MEBIBYTE))),
    "package-too-large--one-byte": lambda: _deflated(rest=bytes(16 * MEBIBYTE - len(SKILL_MD) + 1)),
    "package-too-large--bomb": lambda: _deflated(bomb=bytes(64 * MEBIBYTE)),
    "package-too-large--many-bombs": lambda: _deflated(**{f"bomb{number}": bytes(MEBIBYTE) for number in range(17)}),
    "too-many-files--too-many-to-list": lambda: zipped(SKILL, *(Item(f"{number}", b"") for number in range(5_000))),
}

OVERSIZED_MANIFESTS: dict[str, Callable[[], str]] = {
    "frontmatter-too-large--fields": lambda: _manifest("".join(f"x{number}: y\n" for number in range(9_000))),
    "frontmatter-too-large--description": lambda: _manifest(f"license: {'x' * 70_000}\n"),
    "frontmatter-too-large--letters-of-three-bytes": lambda: _manifest(f"license: {'技' * 22_000}\n"),
}


def _manifest(fields: str) -> str:
    return f"---\nname: my-skill\ndescription: Is too large.\n{fields}---\nDo.\n"
