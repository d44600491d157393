"""Recorded calls on their way from a replica that cannot log them to any other that can: files in the bucket.

    spool/<uuid>.jsonl              calls that wait for a replica
    spool/rejected/<uuid>.jsonl     what was found among them and cannot be logged, for somebody to look at

A replica that reaches DynamoDB writes what a file holds and then removes it. No lock is needed: the store
recognises each call by its id, so two replicas may take the same file, or one may take it twice.
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
"""Of a file; some 2 MB."""
_SUFFIX = ".jsonl"


class Handover:
    """The files in one bucket. All methods block, and raise OSError where the bucket is away."""

    def __init__(self, storage: Callable[[], Storage]) -> None:
        self._storage = storage

    def put(self, events: Sequence[InvocationEvent]) -> None:
        """Leave at most EVENTS_MAX calls for another replica."""
        self._storage().save(f"{FOLDER}/{uuid.uuid4()}{_SUFFIX}", ContentFile(encode_file(events)))

    def waiting(self) -> list[str]:
        """The names of the files that nobody has taken yet."""
        _, files = self._storage().listdir(FOLDER)
        return [name for name in files if name.endswith(_SUFFIX)]

    def take_over(self, write: Write) -> int:
        """Write what waits with a store's function, and remove it; how many calls. Raises what the store raises."""
        names = self.waiting()
        random.shuffle(names)  # so that replicas seldom take the same file
        return sum(self._take(name, write) for name in names)

    def _take(self, name: str, write: Write) -> int:
        try:
            with self._storage().open(f"{FOLDER}/{name}") as file:
                found = decode_file(io.BytesIO(file.read()))
        except FileNotFoundError:
            return 0  # another replica was faster
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
    """Log now what replicas have left, in the store of this installation; how many calls."""
    return handover.take_over(write_to_store) if handover is not None else 0


def write_to_store(events: Sequence[InvocationEvent]) -> None:
    """Write events to the store of this installation."""
    get_store().write_batch(events)


class Taker:
    """The thread of a replica that takes over what others have left in the bucket."""

    def __init__(self, handover: Handover, write: Write, *, seconds: float) -> None:
        self._handover = handover
        self._write = write
        self._seconds = seconds
        self._thread = SupervisedThread("handed-over-calls", self._run)

    def start(self) -> None:
        """Look now, and then every so many seconds; may be called again."""
        self._thread.start()

    def stop(self, timeout: float = 0.0) -> None:
        """Take no further file; what is taken half-way is taken again by another replica."""
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
            log.warning("calls that other replicas left cannot be taken over yet: %s", error)
        else:
            if taken:
                log.info("%d calls that other replicas had left were logged", taken)


handover = Handover(lambda: storages["skills"]) if settings.STORAGE_BACKEND == "s3" else None
"""That of this installation. With local storage there is none: the log is in SQL, and there is nowhere else to go."""
