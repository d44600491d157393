"""Routes of the registry's admin pages, below the list of skills."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse

from . import (
    bulk,
    comparison,
    editor,
    files,
    history,
    publish_and_deactivate,
    raw_files,
    skill_page,
    tags_and_owner,
    upload_list,
    uploads,
    usage,
    version_reviews,
    yank_and_delete,
)

PAGES: list[tuple[str, Callable[..., HttpResponse], str]] = [
    ("bulk/", bulk.bulk, "bulk"),
    ("upload/", uploads.upload, "upload"),
    ("uploads/", upload_list.upload_list, "uploads"),
    ("uploads/<uuid:pk>/", uploads.inspect_upload, "review"),
    ("<int:pk>/files/", files.files, "files"),
    ("<int:pk>/files/<int:number>/", files.files, "files"),
    ("<int:pk>/files/<int:number>/<path:path>", files.files, "files"),
    ("<int:pk>/versions/<int:number>/zip/", files.version_zip, "zip"),
    ("<int:pk>/versions/", skill_page.versions, "versions"),
    ("<int:pk>/usage/", usage.usage, "usage"),
    ("<int:pk>/history/", history.history, "skill_history"),
    ("uploads/<uuid:pk>/compare/", comparison.compare_upload, "upload_compare"),
    ("uploads/<uuid:pk>/file/<path:path>", raw_files.upload_file, "upload_file"),
    ("<int:pk>/compare/", comparison.compare_versions, "compare"),
    ("<int:pk>/versions/<int:number>/", skill_page.version_page, "version"),
    ("<int:pk>/versions/<int:number>/file/<path:path>", raw_files.version_file, "file"),
    ("<int:pk>/versions/<int:number>/edit/", editor.edit, "edit"),
    ("<int:pk>/versions/<int:number>/edit/text/", editor.edit_text, "edit_text"),
    ("<int:pk>/versions/<int:number>/edit/check/", editor.check_edits, "edit_check"),
    ("reviews/", version_reviews.reviews, "reviews"),
    ("<int:pk>/versions/<int:number>/review/", version_reviews.version_review, "version_review"),
    ("<int:pk>/publish/<int:number>/", publish_and_deactivate.publish, "publish"),
    ("<int:pk>/delete/<int:number>/", publish_and_deactivate.delete, "delete"),
    ("<int:pk>/versions/<int:number>/yank/", yank_and_delete.yank, "yank"),
    ("<int:pk>/versions/<int:number>/unyank/", yank_and_delete.unyank, "unyank"),
    ("<int:pk>/delete/", yank_and_delete.delete_skill, "delete_skill"),
    ("<int:pk>/restore/", yank_and_delete.restore_skill, "restore_skill"),
    ("<int:pk>/tags/", tags_and_owner.tags, "tags"),
    ("<int:pk>/owner/", tags_and_owner.owner, "owner"),
    ("<int:pk>/deactivate/", publish_and_deactivate.deactivate, "deactivate"),
]
"""Path, view, and name without the prefix `admin:skills_registry_`."""

KEPT_BY_BROWSERS = {"zip", "file", "upload_file"}
"""The names of views that set `Cache-Control` themselves."""
