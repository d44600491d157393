"""Parses and validates `latest.json` and sidecars, which anyone with write access to the store may change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

RECORD_MAX_BYTES = 32 * 1024 * 1024
"""Most bytes of a record, about a thousand times the usual size."""
NUMBER_MAX = 2**53 - 1
"""Largest whole number that every JSON parser keeps exactly."""
GENERATION_LEAP = 2**32
"""How far a stored generation may be ahead of the registry's. A registry restored from an old backup is behind, but
never by so many changes; believing a larger number could use up the range."""
_LABEL = re.compile(r"v[1-9][0-9]{0,8}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Rule = Callable[[Any], bool]


class DamagedRecord(ValueError):
    """A record is invalid; the message names its key and the reason."""


def is_number(value: Any) -> bool:
    """Whether it is a whole number from 0 to NUMBER_MAX."""
    return type(value) is int and 0 <= value <= NUMBER_MAX


def is_plausible_generation(generation: int, counted: int) -> bool:
    """Whether a stored generation is plausible for a registry whose own generation is `counted`."""
    return generation - counted <= GENERATION_LEAP


def is_timestamp(value: Any) -> bool:
    """Whether it is an ISO 8601 timestamp with a time zone."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_file(value: Any) -> bool:
    """Whether it describes a file: path, size, digest, media type, and optionally `executable`."""
    return (
        isinstance(value, dict)
        and all(name in value and rule(value[name]) for name, rule in _FILE.items())
        and isinstance(value.get("executable", False), bool)
    )


def is_list_of(rule: Rule) -> Rule:
    """A rule for lists whose items all satisfy `rule`."""
    return lambda value: isinstance(value, list) and all(map(rule, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and all(part not in ("", ".", "..") for part in value.split("/"))


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and _LABEL.fullmatch(value) is not None


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _is_reasons(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_label(label) and _is_text(why) for label, why in value.items())


def _or_none(rule: Rule) -> Rule:
    return lambda value: value is None or rule(value)


_FILE: Mapping[str, Rule] = {"path": _is_path, "size": is_number, "sha256": _is_sha256, "media_type": _is_text}
SIDECAR: Mapping[str, Rule] = {
    "skill_id": _is_text,
    "version": _is_label,
    "digest": _is_sha256,
    "size": is_number,
    "files": is_list_of(is_file),
    "created_at": is_timestamp,
    "created_by": _or_none(_is_text),
    "note": _is_text,
}
LATEST: Mapping[str, Rule] = {
    "version": _or_none(_is_label),
    "published_at": _or_none(is_timestamp),
    "generation": is_number,
}
LATEST_OPTIONAL: Mapping[str, Rule] = {
    "digest": _or_none(_is_sha256),
    "status": _is_text,
    "last_number": is_number,
    "tags": is_list_of(_is_text),
    "owner": _or_none(_is_text),
    "yanked": _is_reasons,
}
"""Fields that earlier releases did not write into `latest.json`."""


def read_sidecar(key: str, content: bytes) -> dict[str, Any]:
    """Parse a version's sidecar. Raises DamagedRecord."""
    return _parse(key, content, SIDECAR, {})


def read_latest(key: str, content: bytes) -> dict[str, Any]:
    """Parse a skill's `latest.json`. Raises DamagedRecord."""
    return _parse(key, content, LATEST, LATEST_OPTIONAL)


def _parse(key: str, content: bytes, needed: Mapping[str, Rule], allowed: Mapping[str, Rule]) -> dict[str, Any]:
    if len(content) > RECORD_MAX_BYTES:
        raise DamagedRecord(f"{key} has more than {RECORD_MAX_BYTES:,} bytes")
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedRecord(f"{key} is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise DamagedRecord(f"{key} is JSON, but not an object")
    if missing := sorted(needed.keys() - record.keys()):
        raise DamagedRecord(f"{key} lacks {', '.join(missing)}")
    rules = {**allowed, **needed}
    if wrong := sorted(name for name in rules.keys() & record.keys() if not rules[name](record[name])):
        raise DamagedRecord(f"{key} has invalid values for {', '.join(wrong)}")
    return record
