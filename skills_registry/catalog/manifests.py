"""Manifests that are too large for DynamoDB, read from the store without holding anything else up."""

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
"""How long one look at the catalog waits for manifests; those that come later are part of the next."""
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class ManifestKey:
    """The manifest of a version, by its digest."""

    skill: str
    version: int
    sha256: str


class ManifestReader:
    """Each manifest that is asked for is read by a thread of its own, since a store that hangs hangs for long."""

    def __init__(self, cache: DiskCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._reading: set[ManifestKey] = set()
        self._read: dict[ManifestKey, bytes] = {}
        self._retry_at: dict[ManifestKey, float] = {}

    def get(self, wanted: ManifestKey, until: float) -> bytes | None:
        """The manifest; None where it is not here by `until` (of `time.monotonic`)."""
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
        """The thread that reads it from now on; None where one does so already, or has just failed."""
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
                raise DamagedItem("it is another one than the catalog names")
            self._cache.put(wanted.sha256, content)
        except Exception as error:  # noqa: BLE001  # whatever it is, only this skill is not served
            log.warning("the manifest of %s v%d is not here: %s", wanted.skill, wanted.version, error)
        with self._lock:
            self._reading.discard(wanted)
            self._retry_at.pop(wanted, None)
            if content is None:
                self._retry_at[wanted] = time.monotonic() + RETRY_SECONDS
            else:
                self._read[wanted] = content
