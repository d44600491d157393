"""Storage backends: a local directory or an S3 bucket, behind Django's storage API. Neither knows keys.

Both write a file atomically and only once: FileExistsError if the name is taken. A missing file raises
MissingFile, a failing store StoreUnavailable, a full or read-only disk plain OSError.
"""

from __future__ import annotations

from collections.abc import Callable

Change = Callable[[bytes | None], bytes | None]
"""Maps a file's content (None if it is missing) to its new content (None to leave it unchanged)."""
