"""What an editor did to a version's files -> what becomes of them. Pure."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from skills_registry.media_types import decode_text

from .paths import printable
from .problems import Refusal

EDITS_MAX = 4096
"""Paths that edits may name."""


class InvalidEdits(Refusal):
    """Edits that cannot be meant."""


@dataclass(frozen=True)
class Edit:
    """What becomes of one path: a text, bytes, the bytes that another path had (`source`), or nothing (all None)."""

    text: str | None = None
    source: str | None = None
    content: bytes | None = None

    @classmethod
    def of(cls, content: bytes) -> Edit:
        """The edit that puts a file there: as text where it is one, so that it can be read and edited."""
        text = decode_text(content)
        return cls(text=text) if text is not None else cls(content=content)


def read_edits(value: Any) -> dict[str, Edit]:
    """Edits as pages send them: by path `{"text": ...}`, `{"base64": ...}`, `{"from": path}`, or null.

    Raises InvalidEdits.
    """
    if not isinstance(value, dict):
        raise InvalidEdits("edits-not-an-object")
    if len(value) > EDITS_MAX:
        raise InvalidEdits("too-many-edits", {"count": len(value), "limit": EDITS_MAX})
    return {path: _read_edit(path, edit) for path, edit in value.items()}


def written(edits: Mapping[str, Edit]) -> dict[str, Any]:
    """The edits as `read_edits` takes them."""
    return {path: _written(edit) for path, edit in edits.items()}


def edited_file(
    edits: Mapping[str, Edit],
    path: str,
    *,
    text: str | None,
    new_path: str,
    before: str = "",
    content: bytes | None = None,
) -> dict[str, Edit]:
    """The edits after one more file was edited in a form.

    `path` is "" for a new file, `text` None where it was not edited, `new_path` "" to remove it. A form sends
    CRLF for every line end; `before` is the text as it was, whose line ends are kept. `content` is a file that
    was chosen in place of the text.
    """
    made = dict(edits)
    present = made.get(path, Edit(source=path))
    if path and new_path != path:
        made[path] = Edit()
    if new_path and content is not None:
        made[new_path] = Edit.of(content)
    elif new_path and text is not None:
        made[new_path] = Edit(text=with_line_ends_of(before, text))
    elif new_path and new_path != path:
        made[new_path] = present
    return made


def resolve(edits: Mapping[str, Edit], read: Callable[[str], bytes]) -> dict[str, bytes | None]:
    """The bytes that each path gets, None for a path to remove; `read` gives the bytes that a path had."""
    remembered = cache(read)  # many paths may get the bytes of one
    return {path: _resolved(edit, remembered) for path, edit in edits.items()}


def with_line_ends_of(before: str, text: str) -> str:
    """A text with the line ends that another one has throughout; with LF where that mixes them or has none."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = before.count("\n")
    return plain.replace("\n", "\r\n") if lines and before.count("\r\n") == lines else plain


def _resolved(edit: Edit, read: Callable[[str], bytes]) -> bytes | None:
    if edit.text is not None:
        return edit.text.encode()
    if edit.content is not None:
        return edit.content
    return None if edit.source is None else read(edit.source)


def _written(edit: Edit) -> dict[str, str] | None:
    if edit.text is not None:
        return {"text": edit.text}
    if edit.content is not None:
        return {"base64": b64encode(edit.content).decode()}
    return None if edit.source is None else {"from": edit.source}


def _read_edit(path: str, edit: Any) -> Edit:
    if edit is None:
        return Edit()
    if isinstance(edit, dict) and len(edit) == 1:
        if isinstance(text := edit.get("text"), str):
            if not _is_unicode(text):
                raise InvalidEdits("edit-not-unicode")
            return Edit(text=text)
        if isinstance(source := edit.get("from"), str):
            return Edit(source=source)
        if isinstance(encoded := edit.get("base64"), str):
            return Edit(content=_decoded(path, encoded))
    raise InvalidEdits("edit-unknown", {"path": printable(path)})


def _decoded(path: str, encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        raise InvalidEdits("edit-not-base64", {"path": printable(path)}) from None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
