"""The package store: reads and writes files, and is the only module that knows keys.

    skills/<skill>/v<N>/<path>    a version's files, written once
    skills/<skill>/v<N>.json      its sidecar: digests, who, when, note
    skills/<skill>/v<N>.manifest.json   its manifest for gateways, if that is too large for DynamoDB
    skills/<skill>/latest.json    the live version; follows publish, rollback and deactivate
    uploads/<uuid>.zip            staged uploads

Keys are the same in the local directory and in a bucket. Files go through Django's storage API, with
the alias "skills" in `STORAGES`.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from skills_registry.packages.package import PackageFile

from . import records
from .records import RECORD_MAX_BYTES, DamagedRecord

if TYPE_CHECKING:
    from skills_registry.models import Skill

    from .backends.local import LocalSkillStorage
    from .backends.s3 import S3SkillStorage


log = logging.getLogger(__name__)

_VERSION = re.compile(r"v([1-9][0-9]{0,8})")
_alias: ContextVar[str] = ContextVar("alias", default="skills")


@contextmanager
def use_backend(name: str) -> Iterator[None]:
    """Use the store of a given backend ("local" or "s3") instead of the configured one."""
    token = _alias.set(f"skills-{name}")
    try:
        yield
    finally:
        _alias.reset(token)


def write_version(skill: str, number: int, files: tuple[PackageFile, ...], sidecar: Mapping[str, Any]) -> None:
    """Store a version's files and then its sidecar. Raises FileExistsError if a key is taken."""
    for file in files:
        write_file(skill, number, file.path, file.content)
    write_sidecar(skill, number, sidecar)


def write_file(skill: str, number: int, path: str, content: bytes) -> None:
    """Store one file of a version. Raises FileExistsError if its key is taken."""
    _store().save(_file_key(skill, number, path), ContentFile(content))


def write_sidecar(skill: str, number: int, sidecar: Mapping[str, Any]) -> None:
    """Store a version's sidecar, which marks the version as complete. Raises FileExistsError."""
    _store().save(_sidecar_key(skill, number), ContentFile(_json(sidecar)))


def read_file(skill: str, number: int, path: str) -> bytes:
    """Read one file of a version. Raises FileNotFoundError."""
    return _read(_file_key(skill, number, path))


def read_sidecar(skill: str, number: int) -> dict[str, Any]:
    """Read a version's sidecar. Raises FileNotFoundError or DamagedRecord."""
    key = _sidecar_key(skill, number)
    return records.read_sidecar(key, _store().read(key, RECORD_MAX_BYTES + 1))


def replace_sidecar(skill: str, number: int, sidecar: Mapping[str, Any]) -> None:
    """Write a sidecar, over the existing one if there is one."""
    _store().update(_sidecar_key(skill, number), lambda _: _json(sidecar), RECORD_MAX_BYTES + 1)


def read_latest(skill: str) -> dict[str, Any]:
    """Read `latest.json`. Raises FileNotFoundError or DamagedRecord."""
    key = _latest_key(skill)
    return records.read_latest(key, _store().read(key, RECORD_MAX_BYTES + 1))


def manifest_key(skill: str, number: int) -> str:
    """Key of a manifest that is too large for the published catalog."""
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}.manifest.json"


def write_manifest(skill: str, number: int, manifest: bytes) -> None:
    """Store a version's manifest; replace an existing one if it differs."""
    key = manifest_key(skill, number)
    _store().update(key, lambda present: None if present == manifest else manifest, RECORD_MAX_BYTES + 1)


def read_manifest(skill: str, number: int) -> bytes:
    """Read a version's manifest. Raises FileNotFoundError."""
    return _store().read(manifest_key(skill, number), RECORD_MAX_BYTES + 1)


def delete_version(skill: str, number: int) -> bool:
    """Delete everything stored of a version; False if the bucket may keep earlier versions of the objects."""
    store = _store()
    keys = [_sidecar_key(skill, number), manifest_key(skill, number), _file_key(skill, number, "")]
    erased = [store.erase(key) for key in keys]
    return all(erased)


def latest_record(skill: Skill) -> dict[str, Any]:
    """The content of `latest.json` for a skill, which must be read `with_summary`."""
    live = skill.live_version
    return {
        "version": live.label if live else None,
        "digest": live.digest if live else None,
        "published_at": skill.published_at.isoformat() if skill.published_at else None,
        "generation": skill.generation,
        "status": str(skill.status),
        "last_number": skill.last_number,
        "tags": skill.tags,
        "owner": skill.owner.get_username() if skill.owner else None,
        "yanked": {version.label: version.yank_reason for version in skill.versions.ready().yanked()},
    }


def write_latest(skill: Skill) -> int:
    """Write `latest.json` unless it has a newer generation; return the generation that it then has.

    A damaged file is replaced. `skill` must be read `with_summary`.
    """
    key = _latest_key(skill.name)
    found = 0

    def newer(present: bytes | None) -> bytes | None:
        nonlocal found
        found = _stored_generation(key, present, skill.generation)
        return _json(latest_record(skill)) if found < skill.generation else None

    _store().update(key, newer, RECORD_MAX_BYTES + 1)
    return max(found, skill.generation)


def list_skills() -> list[str]:
    """Names of all skills with anything in the store."""
    return sorted(_list(settings.S3_SKILLS_PREFIX.rstrip("/"))[0])


def list_versions(skill: str) -> tuple[list[int], list[int]]:
    """Numbers of a skill's complete versions (with sidecar), and of incomplete ones."""
    folders, files = _list(f"{settings.S3_SKILLS_PREFIX}{skill}")
    whole = {int(match[1]) for name in files if (match := _VERSION.fullmatch(name.removesuffix(".json")))}
    begun = {int(match[1]) for name in folders if (match := _VERSION.fullmatch(name))}
    return sorted(whole), sorted(begun - whole)


def write_upload(upload: uuid.UUID, content: bytes) -> None:
    """Stage an uploaded zip."""
    _store().save(_upload_key(upload), ContentFile(content))


def read_upload(upload: uuid.UUID) -> bytes:
    """Read a staged zip. Raises FileNotFoundError."""
    return _read(_upload_key(upload))


def delete_upload(upload: uuid.UUID) -> None:
    """Delete a staged zip, if it exists."""
    _store().erase(_upload_key(upload))


def list_uploads_before(moment: datetime) -> list[uuid.UUID]:
    """Staged zips written before `moment`, with or without an `Upload` row."""
    store = _store()
    uploads = {upload: name for name in _list("uploads")[1] if (upload := _parse_upload(name))}
    return [upload for upload, name in uploads.items() if _is_older(store, f"uploads/{name}", moment)]


def check_access() -> None:
    """Raise OSError if the store does not answer."""
    _store().check_access()


def _store() -> LocalSkillStorage | S3SkillStorage:
    return cast("LocalSkillStorage | S3SkillStorage", storages[_alias.get()])


def _file_key(skill: str, number: int, path: str) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}/{path}"


def _sidecar_key(skill: str, number: int) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/v{number}.json"


def _latest_key(skill: str) -> str:
    return f"{settings.S3_SKILLS_PREFIX}{skill}/latest.json"


def _upload_key(upload: uuid.UUID) -> str:
    return f"uploads/{upload}.zip"


def _parse_upload(name: str) -> uuid.UUID | None:
    """The upload's id from a file name; None for a foreign file."""
    try:
        upload = uuid.UUID(name.removesuffix(".zip"))
    except ValueError:
        return None
    return upload if name == f"{upload}.zip" else None


def _is_older(store: LocalSkillStorage | S3SkillStorage, key: str, moment: datetime) -> bool:
    try:
        return store.get_modified_time(key) < moment
    except FileNotFoundError:  # deleted since it was listed
        return False


def _read(key: str) -> bytes:
    return _store().read(key)


def _stored_generation(key: str, content: bytes | None, counted: int) -> int:
    """Generation of a `latest.json`; 0 if it is missing, damaged or implausible."""
    if content is None:
        return 0
    try:
        found = int(records.read_latest(key, content)["generation"])
    except DamagedRecord as damaged:
        log.warning("%s; replacing it", damaged)
        return 0
    if records.is_plausible_generation(found, counted):
        return found
    log.warning("%s has the implausible generation %d; replacing it", key, found)
    return 0


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _list(key: str) -> tuple[list[str], list[str]]:
    """Names of folders and files directly below a key."""
    try:
        return _store().listdir(key)
    except FileNotFoundError:
        return [], []
