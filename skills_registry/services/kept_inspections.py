"""Inspections of staged uploads, kept in memory: a page, its pictures and its comparisons read a zip once."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict

from skills_registry.findings.inspection import Inspection

CAPACITY_BYTES = 64 * 1024 * 1024
_TRANSIENT = {"server-busy", "too-much-work"}
"""Codes of inspections that may end otherwise the next time."""

Key = tuple[uuid.UUID, bool]
"""An upload, and whether its mistakes are mended."""


class KeptInspections:
    """The inspections used last, as far as the files of their packages fit into `capacity` bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[Key, Inspection] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, upload: uuid.UUID, *, mend: bool) -> Inspection | None:
        """The inspection of an upload, if it is kept; a package that is accepted as it is has nothing to mend."""
        with self._lock:
            plain = self._kept.get((upload, False))
            key = (upload, mend and (plain is None or plain.package is None))
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, upload: uuid.UUID, inspection: Inspection, *, mend: bool) -> None:
        """Keep an inspection, unless it is too large or may end otherwise the next time."""
        if _size(inspection) > self._capacity or any(problem.code in _TRANSIENT for problem in inspection.problems):
            return
        with self._lock:
            self._drop((upload, mend))
            self._kept[upload, mend] = inspection
            self._size += _size(inspection)
            while self._size > self._capacity:
                self._drop(next(iter(self._kept)))

    def forget(self, upload: uuid.UUID) -> None:
        """Drop the inspections of an upload."""
        with self._lock:
            for mend in (False, True):
                self._drop((upload, mend))

    def _drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._size -= _size(dropped)


def _size(inspection: Inspection) -> int:
    return len(inspection.skill_md) + (inspection.package.size if inspection.package else 0)


kept = KeptInspections(CAPACITY_BYTES)
