"""Where the registry's own pages are, below the list of skills."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse

from . import (
    bulk,
    comparing,
    editing,
    files,
    history,
    labelling,
    publishing,
    raw,
    skill_page,
    upload_list,
    uploads,
    usage,
    version_reviews,
    withdrawing,
)

PAGES: list[tuple[str, Callable[..., HttpResponse], str]] = [
    ("bulk/", bulk.bulk, "bulk"),
    ("upload/", uploads.upload, "upload"),
    ("uploads/", upload_list.upload_list, "uploads"),
    ("uploads/<uuid:pk>/", uploads.review, "review"),
    ("<int:pk>/files/", files.files, "files"),
    ("<int:pk>/files/<int:number>/", files.files, "files"),
    ("<int:pk>/files/<int:number>/<path:path>", files.files, "files"),
    ("<int:pk>/versions/<int:number>/zip/", files.version_zip, "zip"),
    ("<int:pk>/versions/", skill_page.versions, "versions"),
    ("<int:pk>/usage/", usage.usage, "usage"),
    ("<int:pk>/history/", history.history, "skill_history"),
    ("uploads/<uuid:pk>/compare/", comparing.compare_upload, "upload_compare"),
    ("uploads/<uuid:pk>/file/<path:path>", raw.upload_file, "upload_file"),
    ("<int:pk>/compare/", comparing.compare_versions, "compare"),
    ("<int:pk>/versions/<int:number>/", skill_page.version_page, "version"),
    ("<int:pk>/versions/<int:number>/file/<path:path>", raw.version_file, "file"),
    ("<int:pk>/versions/<int:number>/edit/", editing.edit, "edit"),
    ("<int:pk>/versions/<int:number>/edit/text/", editing.edit_text, "edit_text"),
    ("<int:pk>/versions/<int:number>/edit/check/", editing.check, "edit_check"),
    ("reviews/", version_reviews.reviews, "reviews"),
    ("<int:pk>/versions/<int:number>/review/", version_reviews.version_review, "version_review"),
    ("<int:pk>/publish/<int:number>/", publishing.publish, "publish"),
    ("<int:pk>/delete/<int:number>/", publishing.delete, "delete"),
    ("<int:pk>/versions/<int:number>/yank/", withdrawing.yank, "yank"),
    ("<int:pk>/versions/<int:number>/unyank/", withdrawing.unyank, "unyank"),
    ("<int:pk>/delete/", withdrawing.delete_skill, "delete_skill"),
    ("<int:pk>/restore/", withdrawing.restore_skill, "restore_skill"),
    ("<int:pk>/tags/", labelling.tags, "tags"),
    ("<int:pk>/owner/", labelling.owner, "owner"),
    ("<int:pk>/deactivate/", publishing.deactivate, "deactivate"),
]
"""Path, view, and the name after `admin:skills_registry_`."""

KEPT_BY_BROWSERS = {"zip", "file", "upload_file"}
"""The names of those whose answers say themselves who may keep them, and how long."""
