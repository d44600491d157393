"""Reads manifests that are too large for DynamoDB from the store, without blocking the rest of the catalog."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from skills_registry.store import package_store
from skills_registry.store.disk_cache import DiskCache

from .items import DamagedItem, manifest_digest

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0
"""How long one refresh waits for manifests; later ones are part of the next refresh."""
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class ManifestKey:
    """The manifest of a version, by its digest."""

    skill: str
    version: int
    sha256: str


class ManifestReader:
    """Reads each manifest in a thread of its own, so that a hanging store blocks only that manifest."""

    def __init__(self, cache: DiskCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._reading: set[ManifestKey] = set()
        self._read: dict[ManifestKey, bytes] = {}
        self._retry_at: dict[ManifestKey, float] = {}

    def get(self, wanted: ManifestKey, until: float) -> bytes | None:
        """The manifest; None if it has not been read by `until` (`time.monotonic`)."""
        content = self._take(wanted)
        if content is None and (thread := self._start_read(wanted)):
            thread.join(max(until - time.monotonic(), 0))
            content = self._take(wanted)
        return content

    def _take(self, wanted: ManifestKey) -> bytes | None:
        with self._lock:
            content = self._read.pop(wanted, None)
        return self._cache.get(wanted.sha256) if content is None else content

    def _start_read(self, wanted: ManifestKey) -> threading.Thread | None:
        """Start a thread that reads the manifest; None if one is running, or has failed recently."""
        with self._lock:
            if wanted in self._reading or self._retry_at.get(wanted, 0) > time.monotonic():
                return None
            self._reading.add(wanted)
        thread = threading.Thread(target=self._fetch, args=[wanted], name="manifest", daemon=True)
        thread.start()
        return thread

    def _fetch(self, wanted: ManifestKey) -> None:
        content = None
        try:
            content = package_store.read_manifest(wanted.skill, wanted.version)
            if manifest_digest(content) != wanted.sha256:
                content = None
                raise DamagedItem("its digest differs from that in the catalog")
            self._cache.put(wanted.sha256, content)
        except Exception as error:  # noqa: BLE001  # any failure affects only this skill
            log.warning("the manifest of %s v%d cannot be read: %s", wanted.skill, wanted.version, error)
        with self._lock:
            self._reading.discard(wanted)
            self._retry_at.pop(wanted, None)
            if content is None:
                self._retry_at[wanted] = time.monotonic() + RETRY_SECONDS
            else:
                self._read[wanted] = content
