"""The operations on skills, each written once for the admin, the API and the commands; the only writer.

The order of writes is: reserve the number -> store the files -> mark the version ready -> move the
pointer -> announce. A crash between two steps leaves something to sweep or a projection to retry,
never a pointer to nothing.
"""

from __future__ import annotations

from skills_registry.tags import InvalidTags

from .errors import Conflict, StoreFailed
from .housekeeping import Swept, sweep
from .publishing import announce_again, deactivate, publish, rollback, rollback_target
from .skills import set_owner, set_tags
from .uploads import UPLOAD_LIFETIME, discard_upload, inspect_upload, stage_upload
from .versions import STORING_LIFETIME, create_version, delete_version

__all__ = [
    "STORING_LIFETIME",
    "UPLOAD_LIFETIME",
    "Conflict",
    "InvalidTags",
    "StoreFailed",
    "Swept",
    "announce_again",
    "create_version",
    "deactivate",
    "delete_version",
    "discard_upload",
    "inspect_upload",
    "publish",
    "rollback",
    "rollback_target",
    "set_owner",
    "set_tags",
    "stage_upload",
    "sweep",
]
