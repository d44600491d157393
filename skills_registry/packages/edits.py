"""Edits of a version's files, and the files that result. Pure."""

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
"""Most paths that one set of edits may name."""


class InvalidEdits(Refusal):
    """Malformed edits."""


@dataclass(frozen=True)
class Edit:
    """New content of one path: text, bytes, or the old content of path `source`; all None removes the path."""

    text: str | None = None
    source: str | None = None
    content: bytes | None = None

    @classmethod
    def of(cls, content: bytes) -> Edit:
        """An edit that writes these bytes, as text if they are text, so that they stay editable."""
        text = decode_text(content)
        return cls(text=text) if text is not None else cls(content=content)


def read_edits(value: Any) -> dict[str, Edit]:
    """Parse edits from JSON: by path `{"text": ...}`, `{"base64": ...}`, `{"from": path}`, or null.

    Raises InvalidEdits.
    """
    if not isinstance(value, dict):
        raise InvalidEdits("edits-not-an-object")
    if len(value) > EDITS_MAX:
        raise InvalidEdits("too-many-edits", {"count": len(value), "limit": EDITS_MAX})
    return {path: _read_edit(path, edit) for path, edit in value.items()}


def serialize_edits(edits: Mapping[str, Edit]) -> dict[str, Any]:
    """The edits in the format that `read_edits` parses."""
    return {path: _serialize_edit(edit) for path, edit in edits.items()}


def edited_file(
    edits: Mapping[str, Edit],
    path: str,
    *,
    text: str | None,
    new_path: str,
    before: str = "",
    content: bytes | None = None,
) -> dict[str, Edit]:
    """Add the edit of one file, as submitted by a form, to the edits.

    `path` is "" for a new file; `text` is None if it was not edited; `new_path` is "" to remove the file. Forms
    send CRLF for every line end, so those of `before`, the old text, are restored. `content` is a file chosen in
    place of the text.
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
    """New bytes of each path, None to remove it; `read` returns a path's old bytes."""
    cached_read = cache(read)  # one source may be copied to many paths
    return {path: _resolve_edit(edit, cached_read) for path, edit in edits.items()}


def with_line_ends_of(before: str, text: str) -> str:
    """The text with CRLF line ends if `before` has only those, else with LF."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = before.count("\n")
    return plain.replace("\n", "\r\n") if lines and before.count("\r\n") == lines else plain


def _resolve_edit(edit: Edit, read: Callable[[str], bytes]) -> bytes | None:
    if edit.text is not None:
        return edit.text.encode()
    if edit.content is not None:
        return edit.content
    return None if edit.source is None else read(edit.source)


def _serialize_edit(edit: Edit) -> dict[str, str] | None:
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
            return Edit(content=_decode(path, encoded))
    raise InvalidEdits("edit-unknown", {"path": printable(path)})


def _decode(path: str, encoded: str) -> bytes:
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
