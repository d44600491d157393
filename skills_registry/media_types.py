"""Media types of files, the same on every machine. Pure."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

_ADDITIONS = {
    ".md": "text/markdown", ".markdown": "text/markdown", ".mdx": "text/markdown", ".yaml": "application/yaml",
    ".yml": "application/yaml", ".toml": "application/toml", ".jsonl": "application/jsonl", ".ts": "text/typescript",
    ".tsx": "text/typescript", ".js": "text/javascript", ".mjs": "text/javascript", ".jsx": "text/javascript",
    ".sh": "application/x-sh", ".bash": "application/x-sh",
    ".go": "text/x-go", ".rs": "text/x-rust", ".java": "text/x-java", ".rb": "text/x-ruby", ".php": "text/x-php",
    ".cs": "text/x-csharp", ".kt": "text/x-kotlin", ".swift": "text/x-swift", ".sql": "application/sql",
    ".ttf": "font/ttf", ".otf": "font/otf", ".woff": "font/woff", ".woff2": "font/woff2", ".webp": "image/webp",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}  # fmt: skip
# With no `filenames`, Python's own table is used and the machine's mime.types is not read.
_TYPES = mimetypes.MimeTypes(filenames=())
for _suffix, _type in _ADDITIONS.items():
    _TYPES.add_type(_type, _suffix)


def media_type(path: str, content: bytes) -> str:
    """The media type by file extension; by content (text or binary) if the extension is unknown."""
    # Only the suffix: a name such as `data:text/html,` would be parsed as a URL with a type of its own.
    guessed, encoding = _TYPES.guess_type("_" + PurePosixPath(path).suffix)
    if encoding:
        return {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}.get(
            encoding, "application/octet-stream"
        )
    if guessed:
        return guessed
    return "application/octet-stream" if decode_text(content) is None else "text/plain"


def decode_text(content: bytes) -> str | None:
    """Decode UTF-8 text; None if the content is not valid UTF-8 or holds a NUL byte."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
