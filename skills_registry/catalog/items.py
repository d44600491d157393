"""Converts skills to items of `mcp-skills` and back. Items fit DynamoDB's limits, however large the skill."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.store import package_store
from skills_registry.store.records import is_file, is_list_of, is_number

from .base import PublishedFile, PublishedSkill
from .tables import SkillItem

MANIFEST_MAX_BYTES = 256 * 1024
"""Largest manifest kept in an item (DynamoDB allows 400 KB per item); a larger one goes to the store."""
DESCRIPTION_MAX_BYTES = 16 * 1024
AUTHOR_MAX_BYTES = 1024
VERSIONS_MAX = 2000
"""Most versions listed in an item, the newest ones."""


class DamagedItem(ValueError):
    """An item is invalid; the message names the item and the reason."""


def item_attributes(skill: Skill) -> dict[str, Any]:
    """The item's attributes except counters; None removes one. `skill` must be read `with_summary`."""
    live = skill.live_version
    shown = live or skill.versions.ready().order_by("number").select_related("uploaded_by").last()
    numbers = skill.versions.ready().order_by("-number").values_list("number", flat=True)[:VERSIONS_MAX]
    return {
        "name": skill.name,
        "description": truncate(shown.description, DESCRIPTION_MAX_BYTES) if shown else None,
        "version": live.label if live else None,
        # Readers of the table know only three states, so a deleted skill is inactive.
        "status": str(Skill.Status.INACTIVE if skill.deleted_at else skill.status),
        "s3_key": f"{settings.S3_SKILLS_PREFIX}{skill.name}/{live.label}/" if live else None,
        **_manifest_attributes(skill, live),
        "author": _author(shown) if shown else None,
        "tags": skill.tags or None,
        "created_at": skill.created_at.isoformat(),
        "updated_at": skill.updated_at.isoformat(),
        "all_versions": [f"v{number}" for number in reversed(numbers)],
        "generation": skill.generation,
    }


def large_manifest(version: SkillVersion) -> bytes | None:
    """A version's manifest if it is too large for an item and has to be in the store, else None."""
    manifest = _json(_manifest(version)).encode()
    return manifest if len(manifest) > MANIFEST_MAX_BYTES else None


def published_skill(item: SkillItem, manifest: Mapping[str, Any], published_at: str) -> PublishedSkill:
    """Build the published skill from an item and its parsed manifest."""
    frontmatter = manifest["frontmatter"]
    return PublishedSkill(
        name=item.skill_id,
        version=manifest["version"],
        description=frontmatter["description"],
        frontmatter=frontmatter,
        files=tuple(map(_published_file, manifest["files"])),
        published_at=published_at,
        tags=tuple(item.tags or ()),
    )


def _published_file(file: Mapping[str, Any]) -> PublishedFile:
    executable = file.get("executable", False)
    return PublishedFile(file["path"], file["size"], file["sha256"], file["media_type"], executable)


def parse_reference(item: SkillItem) -> dict[str, str] | None:
    """Parse the reference to a manifest in the store: `key`, `sha256`, `published_at`. Raises DamagedItem."""
    if not item.manifest_ref:
        return None
    found = _parse_object(item, "manifest_ref", item.manifest_ref)
    if not all(isinstance(found.get(name), str) for name in ("key", "sha256", "published_at")):
        raise DamagedItem(f"{item.skill_id}: manifest_ref lacks key, sha256 or published_at")
    return found


def parse_manifest(item: SkillItem, text: str | bytes | None) -> dict[str, Any]:
    """Parse and validate a manifest. Raises DamagedItem."""
    if item.damaged:
        raise DamagedItem(f"{item.skill_id}: {', '.join(item.damaged)} cannot be read")
    if not all(isinstance(tag, str) for tag in item.tags or ()):
        raise DamagedItem(f"{item.skill_id}: tags are not strings")
    manifest = _parse_object(item, "the manifest", text or "")
    if problem := _find_flaw(item.skill_id, manifest):
        raise DamagedItem(f"{item.skill_id}: the manifest's {problem} is invalid")
    return manifest


def manifest_digest(manifest: bytes) -> str:
    """SHA-256 of a manifest, as in a reference."""
    return hashlib.sha256(manifest).hexdigest()


def truncate(text: str, most: int) -> str:
    """Truncate a text to at most `most` bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore")


def _manifest_attributes(skill: Skill, live: SkillVersion | None) -> dict[str, str | None]:
    if live is None:
        return {"manifest_json": None, "manifest_ref": None}
    published_at = skill.published_at.isoformat() if skill.published_at else ""
    if large := large_manifest(live):
        key = package_store.manifest_key(skill.name, live.number)
        where = {"key": key, "sha256": manifest_digest(large), "published_at": published_at}
        return {"manifest_json": None, "manifest_ref": _json(where)}
    return {"manifest_json": _json({**_manifest(live), "published_at": published_at}), "manifest_ref": None}


def _manifest(version: SkillVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "digest": version.digest,
        "frontmatter": version.frontmatter,
        "files": version.files,
    }


def _author(version: SkillVersion) -> str | None:
    """The author in the frontmatter's metadata, else the uploader."""
    metadata = version.frontmatter.get("metadata")
    named = metadata.get("author") if isinstance(metadata, dict) else None
    if isinstance(named, str) and named:
        return truncate(named, AUTHOR_MAX_BYTES)
    return version.uploaded_by.get_username() if version.uploaded_by else None


def _parse_object(item: SkillItem, what: str, text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedItem(f"{item.skill_id}: {what} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise DamagedItem(f"{item.skill_id}: {what} is not a JSON object")
    return found


def _find_flaw(name: str, manifest: Mapping[str, Any]) -> str:
    """The first invalid part of a manifest; "" if it is valid."""
    files, frontmatter = manifest.get("files"), manifest.get("frontmatter")
    if not is_number(manifest.get("version")) or not manifest["version"]:
        return "version"
    if not is_list_of(is_file)(files) or SKILL_MD not in {file["path"] for file in manifest["files"]}:
        return "list of files"
    return "" if _is_frontmatter(name, frontmatter) else "frontmatter"


def _is_frontmatter(name: str, frontmatter: Any) -> bool:
    if not isinstance(frontmatter, dict) or frontmatter.get("name") != name:
        return False
    if not isinstance(frontmatter.get("description"), str):
        return False
    declared = frontmatter.get("arguments") or ""
    return isinstance(declared, str) or is_list_of(lambda one: isinstance(one, str))(declared)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
