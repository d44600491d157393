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
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from .package import PackageFile

if TYPE_CHECKING:
    from .models import Skill
    from .storage_backends.local import LocalSkillStorage
    from .storage_backends.s3 import S3SkillStorage


def write_version(skill: str, number: int, files: tuple[PackageFile, ...], sidecar: Mapping[str, Any]) -> None:
    """Store a version's files and then its sidecar. Raises FileExistsError where a key is taken."""
    for file in files:
        _store().save(_file_key(skill, number, file.path), ContentFile(file.content))
    _store().save(_sidecar_key(skill, number), ContentFile(_json(sidecar)))


def read_file(skill: str, number: int, path: str) -> bytes:
    """The bytes of one file of a version. Raises FileNotFoundError."""
    return _read(_file_key(skill, number, path))


def read_sidecar(skill: str, number: int) -> dict[str, Any]:
    """A version's sidecar. Raises FileNotFoundError."""
    sidecar: dict[str, Any] = json.loads(_read(_sidecar_key(skill, number)))
    return sidecar


def read_latest(skill: str) -> dict[str, Any]:
    """What `latest.json` says is live. Raises FileNotFoundError."""
    latest: dict[str, Any] = json.loads(_read(_latest_key(skill)))
    return latest


def delete_version(skill: str, number: int) -> None:
    """Remove whatever is stored of a version; used for versions that were never finished."""
    store = _store()
    store.delete(_sidecar_key(skill, number))
    _delete_tree(store, f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}")


def write_latest(skill: Skill) -> None:
    """Say in `latest.json` what is live; what a newer generation has said already stays."""
    live = skill.live_version
    latest = {
        "version": live.label if live else None,
        "digest": live.digest if live else None,
        "published_at": skill.published_at.isoformat() if skill.published_at else None,
        "generation": skill.generation,
    }

    def newer(present: bytes | None) -> bytes | None:
        known = json.loads(present).get("generation", 0) if present else 0
        return _json(latest) if known < skill.generation else None

    _store().update(_latest_key(skill.name), newer)


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
    _store().check_access()


def _store() -> LocalSkillStorage | S3SkillStorage:
    return cast("LocalSkillStorage | S3SkillStorage", storages["skills"])


def _file_key(skill: str, number: int, path: str) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}/{path}"


def _sidecar_key(skill: str, number: int) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}.json"


def _latest_key(skill: str) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/latest.json"


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
