"""Where bytes lie: a local directory or an S3 bucket, behind Django's storage API. Neither knows keys.

Both write a file once and whole: a name that is taken raises FileExistsError. A file that is not there
raises MissingFile, a store that fails StoreUnavailable, a full or read-only disk OSError.
"""

from __future__ import annotations

from collections.abc import Callable

Change = Callable[[bytes | None], bytes | None]
"""From what a file holds (None: it is not there) to what it should hold (None: leave it)."""
