"""Which errors mean that the database or the disk has failed, and not that our code is wrong."""

from __future__ import annotations

import sqlite3

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext as _

from invocations.resilience.disk_errors import is_full, is_read_only

RETRY_SECONDS = 5
"""When to try again, as `Retry-After` says."""

_CONSEQUENCES = (SessionInterrupted, UpdateError, TransactionManagementError)
"""What Django raises in place of the failure that came before."""
_SQLITE_FULL = {sqlite3.SQLITE_FULL}
_SQLITE_READ_ONLY = {sqlite3.SQLITE_READONLY}
_SQLITE_FAILED = {
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
}
_POSTGRESQL_FULL = "53100"
_POSTGRESQL_READ_ONLY = "25006"
_POSTGRESQL_FAILED_IN_IT = ("25P03", "XX")
"""SQLSTATEs (or their beginnings) of psycopg's InternalError that no statement of ours is to blame for."""


def explain_outage(error: BaseException | None) -> str:
    """What has failed, in a sentence for people; "" where it is neither the database nor the disk."""
    if error is None:
        return ""
    if is_full(error):
        return _("The server's disk is full. Nothing was changed.")
    if is_read_only(error):
        return _("The server's disk is read-only. Nothing was changed.")
    if isinstance(error, _CONSEQUENCES):
        return explain_outage(error.__cause__ or error.__context__)
    if isinstance(error, DatabaseError | InterfaceError):
        return _explain(error)
    return ""


def _explain(error: DatabaseError | InterfaceError) -> str:
    code, state = _sqlite_code(error), getattr(error.__cause__, "sqlstate", None) or ""
    if code in _SQLITE_FULL or state == _POSTGRESQL_FULL:
        return _("The database's disk is full. Nothing was changed.")
    if code in _SQLITE_READ_ONLY or state == _POSTGRESQL_READ_ONLY:
        return _("The database is read-only. Nothing was changed.")
    if code in _SQLITE_FAILED or (code is None and _is_failure(error, state)):
        return _("The database is not responding.")
    return ""


def _is_failure(error: DatabaseError | InterfaceError, state: str) -> bool:
    if isinstance(error, InternalError):
        return state.startswith(_POSTGRESQL_FAILED_IN_IT)
    return isinstance(error, OperationalError | InterfaceError)


def _sqlite_code(error: BaseException) -> int | None:
    """SQLite's primary result code; None where the error is another database's, or none of a database."""
    code: int | None = getattr(error.__cause__, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
