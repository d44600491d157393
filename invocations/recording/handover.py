"""Handover of recorded calls between replicas, through files in the bucket, when one cannot reach the store.

    spool/<uuid>.jsonl              calls waiting for a replica
    spool/rejected/<uuid>.jsonl     lines that cannot be logged, for an operator to inspect

A replica that reaches DynamoDB writes the calls of a file and then removes the file. No lock is needed: the
store recognizes each call by its id, so a file may be processed twice.
"""

from __future__ import annotations

import io
import logging
import random
import uuid
from collections.abc import Callable, Sequence

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import connections

from invocations.events import InvocationEvent
from invocations.resilience.supervision import SupervisedThread
from invocations.stores import get_store

from .set_aside import encode_rejected
from .spool_lines import Rejected, decode_file, encode, encode_file
from .writing import Write, write_all

log = logging.getLogger(__name__)

FOLDER = "spool"
EVENTS_MAX = 5_000
"""Calls per file; about 2 MB."""
_SUFFIX = ".jsonl"


class Handover:
    """Handover files in one bucket. All methods block, and raise OSError if the bucket is unavailable."""

    def __init__(self, storage: Callable[[], Storage]) -> None:
        self._storage = storage

    def put(self, events: Sequence[InvocationEvent]) -> None:
        """Write at most EVENTS_MAX calls to a file for another replica."""
        self._storage().save(f"{FOLDER}/{uuid.uuid4()}{_SUFFIX}", ContentFile(encode_file(events)))

    def waiting(self) -> list[str]:
        """Return the names of the waiting files."""
        _, files = self._storage().listdir(FOLDER)
        return [name for name in files if name.endswith(_SUFFIX)]

    def take_over(self, write: Write) -> int:
        """Write all waiting calls with `write`, remove their files and return the number of calls.

        Raises what `write` raises.
        """
        names = self.waiting()
        random.shuffle(names)  # so that replicas rarely process the same file
        return sum(self._take(name, write) for name in names)

    def _take(self, name: str, write: Write) -> int:
        try:
            with self._storage().open(f"{FOLDER}/{name}") as file:
                found = decode_file(io.BytesIO(file.read()))
        except FileNotFoundError:
            return 0  # another replica has processed it
        rejected = found.rejected
        write_all(
            write, found.events, lambda event, error: rejected.append(Rejected(encode(event).strip(), repr(error)))
        )
        if rejected:
            self._set_aside(name, rejected)
        self._storage().delete(f"{FOLDER}/{name}")
        return len(found.events)

    def _set_aside(self, name: str, rejected: Sequence[Rejected]) -> None:
        log.error("%s/%s: %d lines cannot be logged: %s", FOLDER, name, len(rejected), rejected[0].reason)
        try:
            self._storage().save(f"{FOLDER}/rejected/{name}", ContentFile(encode_rejected(rejected)))
        except FileExistsError:
            pass  # another replica has done it


def take_over() -> int:
    """Write all waiting calls to this installation's store now, and return their number."""
    return handover.take_over(write_to_store) if handover is not None else 0


def write_to_store(events: Sequence[InvocationEvent]) -> None:
    """Write events to this installation's store."""
    get_store().write_batch(events)


class HandoverWorker:
    """Thread that regularly writes the calls that other replicas left in the bucket."""

    def __init__(self, handover: Handover, write: Write, *, seconds: float) -> None:
        self._handover = handover
        self._write = write
        self._seconds = seconds
        self._thread = SupervisedThread("handed-over-calls", self._run)

    def start(self) -> None:
        """Start the thread; may be called again."""
        self._thread.start()

    def stop(self, timeout: float = 0.0) -> None:
        """Process no further file. Another replica repeats a file that was interrupted."""
        self._thread.stop(timeout)

    def _run(self) -> None:
        try:
            while not self._thread.stopping.is_set():
                self._look()
                self._thread.part.beat()
                self._thread.stopping.wait(self._seconds)
        finally:
            connections.close_all()

    def _look(self) -> None:
        try:
            taken = self._handover.take_over(self._write)
        except OSError as error:
            log.warning("cannot take over calls from other replicas yet: %s", error)
        else:
            if taken:
                log.info("logged %d calls that other replicas had left", taken)


handover = Handover(lambda: storages["skills"]) if settings.STORAGE_BACKEND == "s3" else None
"""This installation's handover; None with local storage, which has no bucket."""
