"""Tells failures of the database or the disk from programming errors."""

from __future__ import annotations

import sqlite3

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext as _

from invocations.resilience.disk_errors import is_full, is_read_only

RETRY_SECONDS = 5
"""Value of `Retry-After`."""

_CONSEQUENCES = (SessionInterrupted, UpdateError, TransactionManagementError)
"""Errors that Django raises as a consequence of an earlier failure."""
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
"""SQLSTATEs, or their prefixes, of an InternalError that is not caused by our statements."""


def explain_outage(error: BaseException | None) -> str:
    """Explain a failure of the database or the disk to users; "" for other errors."""
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
    """Return SQLite's primary result code; None if the error is not SQLite's."""
    code: int | None = getattr(error.__cause__, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
