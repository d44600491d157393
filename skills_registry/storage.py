"""The package store: the only file that knows keys.

    skills/<skill>/v<N>/<path>    a version's files, written once
    skills/<skill>/v<N>.json      its sidecar: digests, who, when, note
    skills/<skill>/latest.json    what is live; follows publish, rollback and deactivate
    uploads/<uuid>.zip            staged uploads

Keys are the same in the local directory and in a bucket. Files go through Django's storage API, by
the alias "skills" in `STORAGES`.
"""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from .package import PackageFile


class LocalSkillStorage(FileSystemStorage):
    """Files below one directory, written whole or not at all, and never a second time."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: a name that is taken is an error here, not a reason to invent another."""
        return name

    def _save(self, name: str, content: Any) -> str:
        target = Path(self.path(name))
        self._write(target, content.read(), os.link)
        return name

    def replace(self, name: str, content: bytes) -> None:
        """Write a file that may be there already (`latest.json` is the only kind)."""
        self._write(Path(self.path(name)), content, os.replace)

    def _write(self, target: Path, content: bytes, place: Any) -> None:
        """Write beside the target and move it there, so that no reader ever sees half a file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            place(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)


def write_version(skill: str, number: int, files: tuple[PackageFile, ...], sidecar: Mapping[str, Any]) -> None:
    """Store a version's files and then its sidecar. Raises FileExistsError where a key is taken."""
    for file in files:
        _store().save(_file_key(skill, number, file.path), ContentFile(file.content))
    _store().save(_sidecar_key(skill, number), ContentFile(_json(sidecar)))


def read_file(skill: str, number: int, path: str) -> bytes:
    """The bytes of one file of a version. Raises FileNotFoundError."""
    return _read(_file_key(skill, number, path))


def delete_version(skill: str, number: int) -> None:
    """Remove whatever is stored of a version; used for versions that were never finished."""
    store = _store()
    store.delete(_sidecar_key(skill, number))
    _delete_tree(store, f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}")


def write_latest(skill: str, latest: Mapping[str, Any]) -> None:
    """Say in `latest.json` what is live; the last writer wins, so callers must hold the skill's lock."""
    _store().replace(f"{settings.S3_SKILLS_PREFIX}{skill}/latest.json", _json(latest))


def write_upload(upload: uuid.UUID, content: bytes) -> None:
    """Stage an uploaded zip."""
    _store().save(_upload_key(upload), ContentFile(content))


def read_upload(upload: uuid.UUID) -> bytes:
    """The bytes of a staged zip. Raises FileNotFoundError."""
    return _read(_upload_key(upload))


def delete_upload(upload: uuid.UUID) -> None:
    """Remove a staged zip; one that is gone already is fine."""
    _store().delete(_upload_key(upload))


def uploads_before(moment: datetime) -> list[uuid.UUID]:
    """The staged zips that were written before `moment`, with or without a row that knows them."""
    store = _store()
    try:
        names = store.listdir("uploads")[1]
    except FileNotFoundError:
        return []
    old = [name for name in names if store.get_modified_time(f"uploads/{name}") < moment]
    return [uuid.UUID(name.removesuffix(".zip")) for name in old if name.endswith(".zip")]


def check_access() -> None:
    """Raise OSError unless the store answers."""
    _store().exists(f"{settings.S3_SKILLS_PREFIX}latest.json")


def _store() -> LocalSkillStorage:
    return cast("LocalSkillStorage", storages["skills"])


def _file_key(skill: str, number: int, path: str) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}/{path}"


def _sidecar_key(skill: str, number: int) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}.json"


def _upload_key(upload: uuid.UUID) -> str:
    return f"uploads/{upload}.zip"


def _read(key: str) -> bytes:
    with _store().open(key) as file:
        content: bytes = file.read()
    return content


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _delete_tree(store: Storage, key: str) -> None:
    try:
        folders, files = store.listdir(key)
    except FileNotFoundError:
        return
    for name in files:
        store.delete(f"{key}/{name}")
    for name in folders:
        _delete_tree(store, f"{key}/{name}")
    store.delete(key)
