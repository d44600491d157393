"""All operations that change skills. The admin, the API and the commands call these functions.

Writes happen in this order: reserve the version number, store the files, mark the version ready, move
the live pointer, announce the change. A crash between two steps leaves data for `sweep` to remove or a
projection to retry, but never a live pointer to missing files.
"""

from __future__ import annotations

from skills_registry.tags import InvalidTags

from .contents import export_skills, export_version
from .editing import Changes, edit_version, inspect_edit
from .errors import Conflict, StoreFailed
from .housekeeping import SweepResult, sweep
from .inspecting import inspect, inspect_on_disk
from .publishing import (
    announce_again,
    deactivate,
    publication_target,
    publish,
    refusals,
    rollback,
    rollback_target,
    why_not_deactivatable,
    why_not_publishable,
)
from .reviewing import approve, objection, request_review, send_back
from .skills import delete_skill, restore_skill, set_owner, set_tags, why_not_restorable
from .state import why_deleted
from .uploads import UPLOAD_LIFETIME, Staged, discard_upload, inspect_upload, stage_files, stage_upload
from .versions import (
    STORING_LIFETIME,
    Removal,
    create_version,
    delete_version,
    find_identical_version,
    last_uploader_other_than,
    removal_warning,
    why_not_deletable,
)
from .yanking import unyank_version, why_not_yankable, yank_version

__all__ = [
    "STORING_LIFETIME",
    "UPLOAD_LIFETIME",
    "Changes",
    "Conflict",
    "InvalidTags",
    "Removal",
    "Staged",
    "StoreFailed",
    "SweepResult",
    "announce_again",
    "approve",
    "create_version",
    "deactivate",
    "delete_skill",
    "delete_version",
    "discard_upload",
    "edit_version",
    "export_skills",
    "export_version",
    "find_identical_version",
    "inspect",
    "inspect_edit",
    "inspect_on_disk",
    "inspect_upload",
    "last_uploader_other_than",
    "objection",
    "publication_target",
    "publish",
    "refusals",
    "removal_warning",
    "request_review",
    "restore_skill",
    "rollback",
    "rollback_target",
    "send_back",
    "set_owner",
    "set_tags",
    "stage_files",
    "stage_upload",
    "sweep",
    "unyank_version",
    "why_deleted",
    "why_not_deactivatable",
    "why_not_deletable",
    "why_not_publishable",
    "why_not_restorable",
    "why_not_yankable",
    "yank_version",
]
